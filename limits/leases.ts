import { randomUUID } from 'node:crypto';
import { SECOND } from '../core/duration.ts';
import type { PermitCalls } from './permit-calls.ts';

/**
 * Of a lease that nobody renews: so soon a slot comes free whose owner died. Longer than a process, or the database between two
 * renewals, should ever stand still: what is sent meanwhile by somebody else is more than the limit.
 */
export const LEASE_MS = 8 * SECOND;

/** The slots of a concurrency limit that this process holds: renewed while their requests run, given back with the next asking. */
export class Leases {
  readonly #calls: PermitCalls;
  readonly #held = new Set<string>();
  #freed: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(calls: PermitCalls) {
    this.#calls = calls;
  }

  make(count: number): readonly string[] {
    return Array.from({ length: count }, () => randomUUID());
  }

  hold(lease: string): void {
    this.#held.add(lease);
    this.#timer ??= setInterval(() => this.#renew(), LEASE_MS / 4).unref();
  }

  /** `others`: someone here waits, and takes the message along. `brokeOff`: sent, but without an answer to its end. */
  async free(lease: string, { others, brokeOff }: { others: boolean; brokeOff: boolean }): Promise<void> {
    if (!this.#held.delete(lease)) return;
    if (this.#held.size === 0) this.stop();
    if (brokeOff) return this.#calls.freeSoon(lease);
    if (others) this.#freed.push(lease);
    else await this.#calls.free(lease);
  }

  takeFreed(): readonly string[] {
    const freed = this.#freed;
    this.#freed = [];
    return freed;
  }

  putBack(freed: readonly string[]): void {
    this.#freed.push(...freed);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #renew(): void {
    // A failed renewal is repeated by the next one; until then the lease lasts.
    this.#calls.renew([...this.#held]).catch(() => {});
  }
}
