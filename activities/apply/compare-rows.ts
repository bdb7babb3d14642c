import { RowDigests, rowId } from '../../apply/row-digests.ts';
import type { ReadRow, Target, TargetTable } from '../../targets/target.ts';

export interface ComparedRows {
  readonly changed: number;
  readonly gone: number;
  readonly came: number;
  /** Rows of the live table that changed or went, of the events asked for. */
  readonly ofEvents: number;
}

/** So many rows are held in memory at once. */
const MOST_ROWS = 200_000;
const LOOK_EVERY = 1000;

/**
 * Compares two tables of a target, each read by itself from its beginning to its end: once in digests, and again for the rows that differ.
 * Memory does not grow with the tables.
 */
export async function compareRows(
  { target, live, build }: { readonly target: Target; readonly live: TargetTable; readonly build: TargetTable },
  { events, mayGoOn }: { readonly events: ReadonlySet<number>; readonly mayGoOn: () => void },
): Promise<ComparedRows> {
  const rowsOf = async (table: TargetTable, take: (row: ReadRow) => void): Promise<void> => {
    let count = 0;
    for await (const row of target.rows(table)) {
      if ((count += 1) % LOOK_EVERY === 0) mayGoOn();
      take(row);
    }
  };
  const digest = async (table: TargetTable): Promise<RowDigests> => {
    const digests = new RowDigests();
    await rowsOf(table, (row) => digests.add(rowId(table, row)));
    return digests;
  };
  const groups = (await digest(live)).differing(await digest(build), MOST_ROWS);
  let [changed, gone, came, ofEvents] = [0, 0, 0, 0];
  for (const buckets of groups) {
    const found = new Map<string, { readonly hash: string; readonly event: number }>();
    await rowsOf(live, (row) => {
      const { key, bucket, hash } = rowId(live, row);
      if (buckets.has(bucket)) found.set(key, { hash, event: row.event });
    });
    await rowsOf(build, (row) => {
      const { key, bucket, hash } = rowId(build, row);
      if (!buckets.has(bucket)) return;
      const other = found.get(key);
      if (other === undefined) came += 1;
      else if (other.hash !== hash) {
        changed += 1;
        if (events.has(other.event)) ofEvents += 1;
      }
      found.delete(key);
    });
    gone += found.size;
    for (const { event } of found.values()) if (events.has(event)) ofEvents += 1;
  }
  return { changed, gone, came, ofEvents };
}
