export interface CallersLimit {
  readonly most: number;
  /** A caller counts as one of the source for so long after its last request from there. */
  readonly perMs: number;
}

const KEPT = 20_000;

/** How many callers send from one source: whoever has many may have several to dodge the limits of one, or a list of stolen keys. */
export class CallersOfSource {
  readonly #limit: CallersLimit;
  readonly #seen = new Map<string, Map<string, number>>();

  constructor(limit: CallersLimit) {
    this.#limit = limit;
  }

  /** True when it is one caller too many; counting then begins anew. */
  add(source: string, caller: string, nowMs: number): boolean {
    const callers = this.#seen.get(source) ?? new Map<string, number>();
    const isNew = !callers.has(caller);
    callers.set(caller, nowMs);
    this.#seen.delete(source);
    if (isNew && callers.size > this.#limit.most) {
      for (const [one, atMs] of callers) if (nowMs - atMs > this.#limit.perMs) callers.delete(one);
      if (callers.size > this.#limit.most) return true;
    }
    this.#seen.set(source, callers);
    if (this.#seen.size > KEPT) this.#seen.delete(this.#seen.keys().next().value as string);
    return false;
  }
}
