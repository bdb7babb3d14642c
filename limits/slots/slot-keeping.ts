import { SECOND } from '../../core/duration.ts';
import type { Lane } from '../../core/names.ts';

/** A process uses its slots of a concurrency limit again for so long: another process hears of a free one only after a while. */
export const KEEP_MS = SECOND;

/** Whether a process may use a slot that it frees again, though others wait for one. */
export class SlotKeeping {
  readonly #keepMs: number;
  /** Since when slots have been kept, monotonic ms. */
  #sinceMs = -Infinity;

  constructor(keepMs = KEEP_MS) {
    this.#keepMs = keepMs;
  }

  /** For so long in a row; then others get their turn once. Backfills never keep what others may wait for. */
  mayKeep(lane: Lane | undefined, nowMs: number): boolean {
    if (lane === 'backfill') return false;
    if (nowMs - this.#sinceMs < this.#keepMs) return true;
    this.#sinceMs = nowMs;
    return false;
  }
}
