/** The balance of a page, a stream's run, or a run: where every fetched record went. */
export const fateCounts = ['inserted', 'updated', 'unchanged', 'stale', 'deleted', 'waiting', 'quarantined'] as const;

export interface Counts extends Readonly<Record<(typeof fateCounts)[number], number>> {
  readonly fetched: number;
  /** Of the updated ones: same version, other content. */
  readonly conflicts: number;
}

export const noCounts: Counts = {
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  stale: 0,
  deleted: 0,
  waiting: 0,
  quarantined: 0,
  conflicts: 0,
};

export function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = {};
  for (const name of Object.keys(noCounts) as (keyof Counts)[]) sum[name] = a[name] + b[name];
  return sum as unknown as Counts;
}

/** Whether nothing got lost on the way: fetched = the sum of all fates. */
export function balances(counts: Counts): boolean {
  return counts.fetched === fateCounts.reduce((sum, name) => sum + counts[name], 0);
}
