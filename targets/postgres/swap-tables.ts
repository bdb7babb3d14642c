import type { ClientBase } from 'pg';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { OpenedTable, Place, Swap, TargetTable } from '../target.ts';
import { dropChildViews, ensureChildViews } from './child-views.ts';
import { ensureCursors, forgetCursor, readCursors, writeCursor } from './cursors.ts';
import { repointViews, viewsOver } from './follow-views.ts';
import { nameOf, quoted, saidName, tableAt } from './names.ts';
import { forgetTouched } from './touched.ts';
import { takeRows } from './take-rows.ts';

/** Live and old change places, or one made beside comes in: whichever table has the id is live afterwards. Call it in a transaction. */
export async function makeLive(
  client: ClientBase,
  table: TargetTable,
  { id, from, over }: Swap | { readonly id: string; readonly from: 'old'; readonly over?: undefined },
): Promise<void> {
  await ensureCursors(client);
  const found = await readCursors(client, table, { lock: true });
  const live = found.get('live');
  if (live?.id === id) return;
  const comes = found.get(from);
  if (comes?.id !== id || !(await exists(client, table, from)))
    throw new NeedsAttention(
      `${saidName({ ...table, place: from })} is not there any more: build the table anew (syncline rebuild)`,
    );
  if (over !== undefined && live !== undefined && live.id !== over)
    throw new RetryLater(`another table has taken the place of ${saidName(table)} meanwhile: looking at that one`, {
      afterMs: 0,
    });
  if (from === 'fill' && (await takeRows(client, table, comes))) return;
  await dropChildViews(client, table);
  // One that fills the live one's place drops it, which a view refuses.
  const views = from === 'fill' ? [] : await viewsOver(client, table);
  for (const place of leaving[from]) await dropTable(client, table, place);
  // The one that comes is out of the way while the one that goes takes its place.
  await rename(client, table, { from, to: 'next' });
  if (await exists(client, table, 'live')) await rename(client, table, { from: 'live', to: 'old' });
  await rename(client, table, { from: 'next', to: 'live' });
  await repointViews(client, table, views);
  await forgetCursor(client, table, from);
  if (live !== undefined && from !== 'fill') await writeCursor(client, { ...table, place: 'old' }, live);
  await writeCursor(client, { ...table, place: 'live' }, comes);
  await ensureChildViews(client, { ...table, place: 'live' });
}

/** Tables that go when one comes from there. */
const leaving = { build: ['old', 'fill'], fill: ['live'], old: [] } as const satisfies Record<string, readonly Place[]>;

export async function dropPlaced(client: ClientBase, table: TargetTable): Promise<void> {
  await ensureCursors(client);
  if ((table.place ?? 'live') === 'live') await dropChildViews(client, table);
  await dropTable(client, table, table.place ?? 'live');
}

export async function placedTables(
  client: ClientBase,
  table: TargetTable,
): Promise<Readonly<Partial<Record<Place, OpenedTable>>>> {
  const placed: Partial<Record<Place, OpenedTable>> = {};
  for (const [place, { id, event, unfilled }] of await readCursors(client, table))
    if (await exists(client, table, place)) placed[place] = { id, event, unfilled };
  return placed;
}

async function dropTable(client: ClientBase, table: TargetTable, place: Place): Promise<void> {
  await client.query(`drop table if exists ${nameOf({ ...table, place })}`);
  const { id } = (await readCursors(client, table)).get(place) ?? {};
  if (id !== undefined) await forgetTouched(client, id);
  await forgetCursor(client, table, place);
}

async function exists(client: ClientBase, table: TargetTable, place: Place): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    nameOf({ ...table, place }),
  ]);
  return rows[0]?.there === true;
}

async function rename(
  client: ClientBase,
  { schema, table }: TargetTable,
  { from, to }: { readonly from: Place | 'next'; readonly to: Place | 'next' },
): Promise<void> {
  await client.query(
    `alter table ${quoted(schema)}.${quoted(tableAt(table, from))} rename to ${quoted(tableAt(table, to))}`,
  );
}
