import type { ClientBase } from 'pg';
import { mayBeOutdated, STAMP, type StampedTable } from '../../core/stamp.ts';
import { quoted } from '../../core/sql-text.ts';
import type { TableFacts } from './table-facts.ts';

/** Whether other transforms made the table's rows. All rows of a table were made by the same ones: one tells. */
export async function isOutdated(
  client: Pick<ClientBase, 'query'>,
  {
    name,
    facts,
    wanted,
  }: { readonly name: string; readonly facts: Pick<TableFacts, 'columns'>; readonly wanted: StampedTable },
): Promise<boolean> {
  const there = facts.columns.map((column) => column.name);
  if (!mayBeOutdated(wanted, there)) return false;
  const { rows } = await client.query<{ stamp: string | null }>(
    `select ${there.includes(STAMP) ? quoted(STAMP) : 'null'}::text as stamp from ${name} limit 1`,
  );
  return rows[0] !== undefined && rows[0].stamp !== (wanted.stamp ?? null);
}
