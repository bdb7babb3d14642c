import { setTimeout } from 'node:timers/promises';
import type { PushOptions } from './push-options.ts';
import { askedWaitMs, type Answer } from './read-answer.ts';

/** What the requests of one push know together: what one of them is told holds for all. */
export class Pace {
  #fromMs = 0;
  #onDeprecated: PushOptions['onDeprecated'];

  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;

  constructor({ onDeprecated, signal }: Pick<PushOptions, 'onDeprecated' | 'signal'>) {
    this.#onDeprecated = onDeprecated;
    this.#signal = signal === undefined ? this.#stopping.signal : AbortSignal.any([this.#stopping.signal, signal]);
  }

  /** How long the answer wants nobody to send, ms. */
  hear(answer: Answer): number {
    const waitMs = askedWaitMs(answer, Date.now());
    this.#fromMs = Math.max(this.#fromMs, performance.now() + waitMs);
    const { deprecation, sunset, link } = answer.headers;
    if (deprecation !== undefined) {
      this.#onDeprecated?.({ sunset, link });
      this.#onDeprecated = undefined;
    }
    return waitMs;
  }

  /** Nobody begins another request, or waits for one. */
  stop(): void {
    this.#stopping.abort(new Stopped());
  }

  get stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Until a request may be sent. Throws Stopped, or the reason of the signal. */
  async wait(): Promise<void> {
    // Others may have it made later meanwhile.
    for (let leftMs = this.#fromMs - performance.now(); leftMs > 0; leftMs = this.#fromMs - performance.now())
      await this.sleep(leftMs);
    this.#signal.throwIfAborted();
  }

  async sleep(waitMs: number): Promise<void> {
    // Timers hold no more than 2^31 - 1 ms.
    const forMs = Math.min(Math.ceil(waitMs), 2 ** 31 - 1);
    await setTimeout(forMs, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
  }
}

/** Another batch of the same push has failed. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
