import type { PermitLapsed } from '../../core/departure.ts';
import type { Waiting } from './line.ts';
import type { SlotLease } from '../slots/slot-lease.ts';
import type { Turn } from '../turns/turn.ts';

/** A request that is being made ready, or waits on its connection for the moment to be sent. */
export class Prepared {
  readonly waiting: Waiting;
  readonly sinceMs = performance.now();
  /** Monotonic ms of its sending. */
  startMs = 0;
  /** Answered in a way that may turn out to be a refusal: nobody goes on before that is known to all. */
  isDoubtful = false;
  turn: Turn | undefined;
  /** Its number, if it was sent as a probe. */
  probe: number | undefined;
  lease: SlotLease | undefined;
  /** The permit it leaves with, where there are no turns. Monotonic ms. */
  leave: { readonly askedAtMs: number; readonly validUntilMs: number } | undefined;
  #write: (() => void) | undefined;
  #turnBack: ((why: PermitLapsed) => void) | undefined;

  constructor(waiting: Waiting) {
    this.waiting = waiting;
  }

  get isReady(): boolean {
    return this.#write !== undefined;
  }

  ready(write: () => void, turnBack: (why: PermitLapsed) => void): void {
    this.#write = write;
    this.#turnBack = turnBack;
  }

  send(startMs: number): void {
    this.startMs = startMs;
    const write = this.#write;
    // It is held by its turn for longer than its request lasts.
    this.#write = this.#turnBack = undefined;
    write?.();
  }

  /** One that is not ready yet is turned back when it is. */
  turnBack(why: PermitLapsed): void {
    this.#turnBack?.(why);
  }
}
