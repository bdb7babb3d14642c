import type { ClientBase } from 'pg';
import type { TargetTable } from '../target.ts';
import { readMarkOf, writeMarkOn } from './changed-table.ts';
import { ensureChildViews } from './child-views.ts';
import { forgetCursor, writeCursor, type Cursor } from './cursors.ts';
import { nameOf, quoted } from './names.ts';
import { expectNobodyWrites, forgetTouched } from './touched.ts';
import { readTable, type TableFacts } from './table-facts.ts';

/**
 * A live table that somebody changed gets the rows of the one that was made anew beside: whoever emptied it did not mean its grants and the views of it, and a table
 * that takes its place would have neither. It is another table by its id. Whether that was possible. Call it in a transaction.
 */
export async function takeRows(client: ClientBase, table: TargetTable, comes: Cursor): Promise<boolean> {
  const [live, fill] = [
    { ...table, place: 'live' },
    { ...table, place: 'fill' },
  ] as const;
  const [facts, wanted] = [await readTable(client, nameOf(live)), await readTable(client, nameOf(fill))];
  if (facts === undefined || wanted === undefined || !fits(facts, wanted)) return false;
  const mark = await readMarkOf(client, live);
  if (!mark.changed) return false;
  const columns = wanted.columns.map(({ name }) => quoted(name)).join(', ');
  await expectNobodyWrites(client, live);
  await forgetTouched(client, mark.id);
  await client.query(`delete from ${nameOf(live)}`);
  await client.query(`insert into ${nameOf(live)} (${columns}) select ${columns} from ${nameOf(fill)}`);
  await client.query(`drop table ${nameOf(fill)}`);
  await forgetCursor(client, table, 'fill');
  await writeCursor(client, live, comes);
  await writeMarkOn(client, live, { id: comes.id, changed: false });
  await ensureChildViews(client, live);
  return true;
}

const fits = (facts: TableFacts, wanted: TableFacts): boolean =>
  facts.key.join() === wanted.key.join() &&
  wanted.columns.every(({ name, type }) =>
    facts.columns.some((column) => column.name === name && column.type === type && !column.generated),
  );
