import { CancellationScope, condition, patched, workflowInfo } from '@temporalio/workflow';
import { addWindow, type BackfillTally } from '../core/backfill-tally.ts';
import type { Pause } from '../messages/backfill.ts';
import type { NextWindows, WindowToRead } from '../messages/next-windows.ts';
import { readWindow, type WindowOf } from './read-window.ts';

/** When so many fail one after the other it is not their fault: a revoked token, a partner that is gone. */
export const MAX_FAILURES_IN_A_ROW = 10;

/** Reads windows, some at once, and keeps count. */
export class WindowSlots {
  readonly #concurrency: number;
  readonly #onChange: () => void;
  readonly #running = new Map<string, CancellationScope>();
  readonly #root = CancellationScope.current();
  /** Stopped by a pause: they come first, whatever else ends the reading. */
  readonly #stopped: WindowToRead[] = [];
  #waiting: WindowToRead[] = [];
  #tally: BackfillTally;
  #paused: boolean;
  #broken = false;

  constructor(of: { concurrency: number; tally: BackfillTally; paused: boolean; onChange: () => void }) {
    this.#concurrency = of.concurrency;
    this.#tally = of.tally;
    this.#paused = of.paused;
    this.#onChange = of.onChange;
  }

  get tally(): BackfillTally {
    return this.#tally;
  }
  get paused(): boolean {
    return this.#paused;
  }
  get running(): readonly string[] {
    return [...this.#running.keys()].toSorted();
  }

  pause({ now }: Pause): void {
    this.#paused = true;
    if (now) for (const scope of this.#running.values()) scope.cancel();
    this.#onChange();
  }

  resume(): void {
    this.#paused = false;
    this.#onChange();
  }

  /** Reads all of them, unless the history grows too long, too many fail, or the backfill is cancelled. */
  async read(of: WindowOf, next: NextWindows): Promise<void> {
    this.#waiting = [...next.windows];
    const slots = await Promise.allSettled(Array.from({ length: this.#concurrency }, () => this.#slot(of)));
    const broken = slots.find((slot) => slot.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    if (this.#waiting.length > 0 || this.#stopped.length > 0) return;
    this.#tally = { ...this.#tally, next: next.next, skipped: this.#tally.skipped + next.skippedAfter };
  }

  async #slot(of: WindowOf): Promise<void> {
    for (;;) {
      const toRead = await this.#take();
      if (toRead === undefined) return;
      const scope = new CancellationScope();
      try {
        const { window } = toRead;
        this.#running.set(window, scope);
        this.#onChange();
        const ended = await scope.run(() => readWindow(of, toRead)).finally(() => this.#running.delete(window));
        this.#tally = addWindow(this.#tally, ended);
        this.#onChange();
      } catch (error) {
        if (!scope.consideredCancelled || this.#root.consideredCancelled) {
          this.#broken = true;
          throw error;
        }
        this.#stopped.push(toRead);
      }
    }
  }

  async #take(): Promise<WindowToRead | undefined> {
    const mayGoOn = (): boolean => !this.#paused || (this.#waiting.length === 0 && this.#stopped.length === 0);
    // A pause may have come together with the end of the one before it.
    do await condition(mayGoOn);
    while (!mayGoOn() && patched('paused at once again'));
    if (this.#broken || this.failsAlways) return undefined;
    const stopped = this.#stopped.shift();
    if (stopped !== undefined || workflowInfo().continueAsNewSuggested) return stopped;
    const toRead = this.#waiting.shift();
    if (toRead !== undefined)
      this.#tally = {
        ...this.#tally,
        next: toRead.place + 1,
        skipped: this.#tally.skipped + toRead.skippedBefore,
      };
    return toRead;
  }

  get failsAlways(): boolean {
    return this.#tally.failuresInARow >= MAX_FAILURES_IN_A_ROW;
  }
}
