import type { PermitWait } from '../../core/grant-waits.ts';
import type { Line } from './line.ts';

export interface Rest {
  readonly waitMs: number;
  readonly cause: string;
  /** The kind of `cause`; undefined: it is none that a person would want to know. */
  readonly waitsFor?: PermitWait | undefined;
  /** The partner does not answer. */
  readonly down?: boolean | undefined;
}

/** One way to give permits to those in line. */
export interface Sender {
  /** Requests that have left the line and are not sent yet. */
  readonly pending: number;
  /** Gives what can be given now; returns how long the first in line has to wait, if it has to. */
  round(): Promise<Rest | undefined>;
  /** Nobody is in line any more. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Serves the line of one credential in this process: one question to the database at a time, for all who wait. */
export class Desk {
  readonly #line: Line;
  readonly #sender: Sender;
  #running = false;
  /** During a round, which may not have seen it. */
  #changed = false;
  #resting: (Rest & { readonly untilMs: number; readonly wake: () => void }) | undefined;

  constructor(line: Line, sender: Sender) {
    this.#line = line;
    this.#sender = sender;
    line.onJoin = (first) => this.#joined(first);
  }

  /** Something changed that may end the wait: a slot came free, a request is ready. */
  wake(): void {
    this.#changed = true;
    this.#resting?.wake();
  }

  #joined(first: boolean): void {
    if (!this.#running) void this.#run();
    // Who stands before all others may be let through where they were not.
    else if (first) this.wake();
    else if (this.#resting !== undefined) this.#refuseImpatient(this.#resting);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#line.size > 0 || this.#sender.pending > 0) {
        this.#changed = false;
        const rest = await this.#sender.round();
        if (rest !== undefined && rest.waitMs > 0) await this.#rest(rest);
      }
      await this.#sender.idle();
    } catch (error) {
      for (const waiting of this.#line.first(this.#line.size)) waiting.fail(error);
    } finally {
      this.#running = false;
      if (this.#line.size > 0) void this.#run();
    }
  }

  async #rest(rest: Rest): Promise<void> {
    const untilMs = performance.now() + rest.waitMs;
    this.#refuseImpatient({ ...rest, untilMs });
    if (this.#changed || (this.#line.size === 0 && this.#sender.pending === 0)) return;
    await new Promise<void>((resolve) => {
      // Rounded up: a timer that fires early would only ask in vain.
      const timer = setTimeout(resolve, Math.ceil(rest.waitMs));
      this.#resting = {
        ...rest,
        untilMs,
        wake: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    this.#resting = undefined;
  }

  #refuseImpatient({ untilMs, cause, waitsFor, down }: Omit<Rest, 'waitMs'> & { readonly untilMs: number }): void {
    for (const waiting of this.#line.first(this.#line.size)) {
      if (waitsFor !== undefined) waiting.onWait?.(waitsFor);
      if (waiting.patientUntilMs < untilMs)
        waiting.refuse({ waitMs: Math.max(untilMs - performance.now(), 1), cause, waitsFor, down });
    }
    if (this.#line.size === 0 && this.#sender.pending === 0) this.wake();
  }
}
