import { randomUUID } from 'node:crypto';
import { SECOND } from '../../core/duration.ts';
import type { PermitCalls } from '../permits/permit-calls.ts';
import type { SlotSession } from './slot-session.ts';

/**
 * Of a lease that nobody renews. Longer than a process, or the database between two renewals, should ever stand still: what is
 * sent meanwhile by somebody else is more than the limit.
 */
export const LEASE_MS = 8 * SECOND;
/** Of a lease whose owner's session has ended as well: so much silence is enough. Who lives has a new session and renews sooner. */
export const SILENT_MS = 2 * SECOND;
const RENEW_MS = SILENT_MS / 4;
/** The cause of a refusal for want of one. */
export const SLOTS = 'concurrency';

const LOOK_FOR_DEAD_MS = SECOND / 4;

type Session = Pick<SlotSession, 'follow' | 'newLease' | 'steadyMs'>;

/** The slots of a concurrency limit that this process holds: renewed while their requests run, given back with the next asking. */
export class Leases {
  readonly #calls: PermitCalls;
  readonly #session: Session | undefined;
  readonly #held = new Set<string>();
  #freed: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lookedForDeadMs = -Infinity;

  constructor(calls: PermitCalls, session: Session | undefined) {
    this.#calls = calls;
    this.#session = session;
  }

  get holdsSome(): boolean {
    return this.#held.size > 0;
  }

  make(count: number): readonly string[] {
    return Array.from({ length: count }, () => this.#session?.newLease() ?? randomUUID());
  }

  /** Called while there is no slot; tells of those that come free as of any other. */
  lookForDead(): void {
    const nowMs = performance.now();
    // When all were cut off from the database, those who come back first must leave the others the time to renew.
    if ((this.#session?.steadyMs ?? 0) < SILENT_MS || nowMs - this.#lookedForDeadMs < LOOK_FOR_DEAD_MS) return;
    this.#lookedForDeadMs = nowMs;
    // They come free without us, too, only later.
    this.#calls.freeDead(SILENT_MS).catch(() => {});
  }

  hold(lease: string): void {
    this.#held.add(lease);
    this.#timer ??= setInterval(() => this.#renew(), RENEW_MS).unref();
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
    // Its lock stands for them, and comes back if it was lost.
    this.#session?.follow();
    // A failed renewal is repeated by the next one; until then the lease lasts.
    this.#calls.renew([...this.#held]).catch(() => {});
  }
}
