export interface ErrorShareLimit {
  /** Of the answers, those that were errors of the caller; 1 is all. */
  readonly share: number;
  /** With fewer answers than these the share says nothing. */
  readonly least: number;
  /** After this time an answer counts half. */
  readonly halfMs: number;
}

interface Answers {
  readonly all: number;
  readonly errors: number;
  readonly atMs: number;
}

/** How many of a caller's requests end as errors of its own. */
export class ErrorShare {
  readonly #limit: ErrorShareLimit;
  readonly #answers = new Map<string, Answers>();

  constructor(limit: ErrorShareLimit) {
    this.#limit = limit;
  }

  /** True when there are too many errors; counting then begins anew. */
  add(caller: string, isError: boolean, nowMs: number): boolean {
    const { share, least, halfMs } = this.#limit;
    const before = this.#answers.get(caller) ?? { all: 0, errors: 0, atMs: nowMs };
    const kept = 0.5 ** ((nowMs - before.atMs) / halfMs);
    const all = before.all * kept + 1;
    const errors = before.errors * kept + (isError ? 1 : 0);
    if (all >= least && errors > share * all) {
      this.#answers.delete(caller);
      return true;
    }
    this.#answers.set(caller, { all, errors, atMs: nowMs });
    return false;
  }
}
