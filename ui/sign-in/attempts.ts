import { MINUTE } from '../../core/duration.ts';

const MOST = 10;
const MOST_ADDRESSES = 10_000;

/** From an address at most ten wrong tokens a minute: one of 16 characters is not found so. Others are not kept out by that. */
export class Attempts {
  readonly #wrong = new Map<string, { readonly sinceMs: number; readonly times: number }>();

  mayTry(address: string, nowMs: number): boolean {
    const found = this.#wrong.get(address);
    return found === undefined || nowMs - found.sinceMs > MINUTE || found.times < MOST;
  }

  wrong(address: string, nowMs: number): void {
    const found = this.#wrong.get(address);
    if (this.#wrong.size > MOST_ADDRESSES) this.#wrong.clear();
    this.#wrong.set(
      address,
      found === undefined || nowMs - found.sinceMs > MINUTE
        ? { sinceMs: nowMs, times: 1 }
        : { ...found, times: found.times + 1 },
    );
  }
}
