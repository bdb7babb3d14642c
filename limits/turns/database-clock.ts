/** The database's clock may be set, or run faster or slower than ours, by as much as NTP corrects a clock in steps too small to see. */
const DRIFT = 0.0002;
/** What a clock that was set may cost, ms. */
const MOST_MS = 50;

/**
 * By how much the database's clock is ahead of our own monotonic one, ms, between two bounds: an answer was made before it
 * came, a question was read after it was asked. The quickest of each tell most, so what a slow one took on its way need not
 * be reckoned as time.
 */
export class DatabaseClock {
  #leastMs = -Infinity;
  #mostMs = Infinity;
  #seenAtMs = -Infinity;

  /** The database said `databaseMs` between two moments of ours. */
  saw(databaseMs: number, { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number }): void {
    const driftMs = Math.max(0, receivedMs - this.#seenAtMs) * DRIFT;
    const [leastMs, mostMs] = [databaseMs - receivedMs, databaseMs - sentMs];
    this.#leastMs = Math.max(this.#leastMs - driftMs, leastMs);
    this.#mostMs = Math.min(this.#mostMs + driftMs, mostMs);
    this.#seenAtMs = receivedMs;
    // One of the clocks was set.
    if (this.#leastMs > this.#mostMs) [this.#leastMs, this.#mostMs] = [leastMs, mostMs];
  }

  /** From our `receivedMs` to a moment that was `inMs` after the database's `databaseMs`; never too short. */
  inOurs(
    inMs: number,
    { databaseMs, receivedMs }: { readonly databaseMs: number; readonly receivedMs: number },
  ): number {
    return Math.max(inMs - MOST_MS, Math.min(inMs, databaseMs + inMs - this.#leastMs - receivedMs));
  }

  /** A moment of ours by the database's clock; never too early. Undefined: not known. */
  inTheirs(ourMs: number): number | undefined {
    return this.#mostMs === Infinity ? undefined : ourMs + this.#mostMs + Math.max(0, ourMs - this.#seenAtMs) * DRIFT;
  }
}
