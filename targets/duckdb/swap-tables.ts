import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { OpenedTable, Place, Swap, TargetTable } from '../target.ts';
import { ensureCursors, forgetCursor, placeCursor, readCursors } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { nameOf, quoted, saidName, tableAt } from './names.ts';
import { storedColumns } from './stored-columns.ts';

/** Live and old change places, or one made beside comes in: whichever table has the id is live afterwards. */
export async function makeLive(
  on: FileWork,
  table: TargetTable,
  { id, from, over }: Swap | { readonly id: string; readonly from: 'old'; readonly over?: undefined },
): Promise<void> {
  await on.sql.transaction(async () => {
    const found = await readCursors(on, table);
    const live = found.get('live');
    if (live?.id === id) return;
    if (found.get(from)?.id !== id || !(await exists(on, table, from)))
      throw new NeedsAttention(
        `${saidName({ ...table, place: from })} is not there any more: build the table anew (syncline rebuild)`,
      );
    if (over !== undefined && live !== undefined && live.id !== over)
      throw new RetryLater(`another table has taken the place of ${saidName(table)} meanwhile: looking at that one`, {
        afterMs: 0,
      });
    for (const place of leaving[from]) await dropTable(on, table, place);
    // The one that comes is out of the way while the one that goes takes its place.
    await rename(on, table, { from, to: 'next' });
    if (await exists(on, table, 'live')) await rename(on, table, { from: 'live', to: 'old' });
    await rename(on, table, { from: 'next', to: 'live' });
    if (live !== undefined && from !== 'fill') await placeCursor(on, table, { id: live.id, place: 'old' });
    await placeCursor(on, table, { id, place: 'live' });
  });
}

/** Tables that go when one comes from there. */
const leaving = { build: ['old', 'fill'], fill: ['live'], old: [] } as const satisfies Record<string, readonly Place[]>;

export async function dropPlaced(on: FileWork, table: TargetTable): Promise<void> {
  await on.sql.transaction(async () => {
    await ensureCursors(on);
    await dropTable(on, table, table.place ?? 'live');
  });
}

export async function placedTables(
  on: FileWork,
  table: TargetTable,
): Promise<Readonly<Partial<Record<Place, OpenedTable>>>> {
  const placed: Partial<Record<Place, OpenedTable>> = {};
  for (const [place, { id, event, unfilled }] of await readCursors(on, table))
    if (await exists(on, table, place)) placed[place] = { id, event, unfilled };
  return placed;
}

async function dropTable(on: FileWork, table: TargetTable, place: Place): Promise<void> {
  await on.sql.run(`drop table if exists ${nameOf(on.catalog, { ...table, place })}`);
  await forgetCursor(on, table, place);
}

const exists = async (on: FileWork, table: TargetTable, place: Place): Promise<boolean> =>
  (await storedColumns(on, { ...table, place })).length > 0;

async function rename(
  { sql, catalog }: FileWork,
  { schema, table }: TargetTable,
  { from, to }: { readonly from: Place | 'next'; readonly to: Place | 'next' },
): Promise<void> {
  const nameAt = (place: Place | 'next'): string => (place === 'next' ? `${table}-next` : tableAt(table, place));
  await sql.run(
    `alter table ${quoted(catalog)}.${quoted(schema)}.${quoted(nameAt(from))} rename to ${quoted(nameAt(to))}`,
  );
}
