export interface LeakyCount {
  /** So many at once, or spread over `perMs`, are none too many. */
  readonly most: number;
  readonly perMs: number;
}

/** Of sources that come and go nobody counts more: those that were quiet for longest are forgotten. */
const KEPT = 20_000;

/** Counts events of many sources; counts leak away with time. */
export class LeakyCounts {
  readonly #of: LeakyCount;
  readonly #counts = new Map<string, { readonly level: number; readonly atMs: number }>();

  constructor(of: LeakyCount) {
    this.#of = of;
  }

  /** True when it is one too many; counting then begins anew. */
  add(source: string, nowMs: number): boolean {
    const { most, perMs } = this.#of;
    const before = this.#counts.get(source);
    const leaked = before === undefined ? 0 : before.level - ((nowMs - before.atMs) * most) / perMs;
    const level = Math.max(0, leaked) + 1;
    this.#counts.delete(source);
    if (level > most) return true;
    this.#counts.set(source, { level, atMs: nowMs });
    if (this.#counts.size > KEPT) this.#counts.delete(this.#counts.keys().next().value as string);
    return false;
  }
}
