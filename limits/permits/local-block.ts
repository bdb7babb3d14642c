/**
 * A block as this process knows it: from the moment of the answer that asked for it, before the database has it, until its
 * end, or until a permit that was asked for afterwards shows that somebody lifted it. Monotonic ms.
 */
export class LocalBlock {
  #untilMs = -Infinity;
  #storedAtMs = -Infinity;

  /** Returns what to call once the database has it. */
  begin(waitMs: number): () => void {
    this.#untilMs = Math.max(this.#untilMs, performance.now() + waitMs);
    this.#storedAtMs = Infinity;
    return () => {
      this.#storedAtMs = performance.now();
    };
  }

  /** The database gave a permit that was asked for then. */
  granted(askedAtMs: number): void {
    if (askedAtMs > this.#storedAtMs) this.#untilMs = -Infinity;
  }

  holds(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
