import { MINUTE } from '../../core/duration.ts';

/** Nobody is sent away for longer than this because others of the same caller were sent away before. */
const MOST_MS = 5 * MINUTE;

/**
 * When the refused requests of a caller should come again: one after the other, at the caller's rate. Told the same second, they would
 * all come at once and most of them again in vain. A hint that one process gives by itself; what is admitted decides the database.
 */
export class Places {
  /** By caller: when the next one that is refused should come. */
  readonly #next = new Map<string, number>();

  /** `waitMs`: when the request would be admitted alone; `takesMs`: what it uses of the rate. Returns how long it should wait. */
  take(
    caller: string,
    { nowMs, waitMs, takesMs }: { readonly nowMs: number; readonly waitMs: number; readonly takesMs: number },
  ): number {
    const place = Math.max(this.#next.get(caller) ?? 0, nowMs + waitMs);
    this.#next.set(caller, Math.min(place + takesMs, nowMs + waitMs + MOST_MS));
    return place - nowMs;
  }

  /** Forgets places that are over. */
  sweep(nowMs: number): void {
    for (const [caller, at] of this.#next) if (at <= nowMs) this.#next.delete(caller);
  }
}
