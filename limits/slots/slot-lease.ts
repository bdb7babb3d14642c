import type { Leases } from './leases.ts';

/** The lease of one request's slot; without a concurrency limit it is nothing. */
export class SlotLease {
  readonly #leases: Leases;
  readonly #lease: string | undefined;
  #sent = false;
  #answered = false;

  private constructor(leases: Leases, lease: string | undefined) {
    this.#leases = leases;
    this.#lease = lease;
    if (lease !== undefined) leases.hold(lease);
  }

  static of(leases: Leases, lease: string | undefined): SlotLease {
    return new SlotLease(leases, lease);
  }

  sent(): void {
    this.#sent = true;
  }

  /** The answer was read to its end. */
  answered(): void {
    this.#answered = true;
  }

  release({ others }: { others: boolean }): Promise<void> {
    return this.free({ others, brokeOff: this.#sent && !this.#answered });
  }

  async free(how: { others: boolean; brokeOff: boolean }): Promise<void> {
    if (this.#lease !== undefined) await this.#leases.free(this.#lease, how);
  }
}
