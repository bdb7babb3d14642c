import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { ChildTable } from '../../core/child-table.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import type { TargetTable } from '../target.ts';
import { childColumns, childRows, type ParentTable } from './child-rows.ts';
import { nameOf, quoted } from './names.ts';

const MARK = 'elements of a table of Syncline ';

/** Makes the views of a live table's children, where they are not as they should be. Call it in a transaction. */
export async function ensureChildViews(client: ClientBase, table: TargetTable): Promise<void> {
  if ((table.place ?? 'live') !== 'live') return;
  for (const child of table.children ?? []) {
    const name = viewOf(table, child);
    const text = selectOf(table, child);
    const digest = MARK + createHash('sha256').update(text).digest('hex').slice(0, 16);
    const { rows } = await client.query<{ there: boolean; says: string | null }>(
      `select to_regclass($1) is not null as there, obj_description(to_regclass($1), 'pg_class') as says`,
      [name],
    );
    const { there, says } = rows[0] ?? { there: false, says: null };
    if (says === digest) continue;
    if (there && says?.startsWith(MARK) !== true)
      throw new NeedsAttention(
        `${table.schema}.${child.table} is a table or view that somebody else made: rename or drop it, or give the child another \`table\``,
      );
    await client.query(`drop view if exists ${name}`);
    await client.query(`create view ${name} as ${text}`);
    await client.query(`comment on view ${name} is '${digest}'`);
  }
}

/** They stand for the table itself, whatever its name: one that takes its place gets views of its own. */
export async function dropChildViews(client: ClientBase, table: TargetTable): Promise<void> {
  for (const child of table.children ?? []) {
    const { rows } = await client.query<{ says: string | null }>(
      `select obj_description(to_regclass($1), 'pg_class') as says`,
      [viewOf(table, child)],
    );
    if (rows[0]?.says?.startsWith(MARK) === true) await client.query(`drop view ${viewOf(table, child)}`);
  }
}

const viewOf = ({ schema }: TargetTable, { table }: ChildTable): string => nameOf({ schema, table });

function selectOf(table: TargetTable, child: ChildTable): string {
  const parent: ParentTable = {
    table: table.table,
    keyColumns: table.columns.slice(0, table.keys),
    isPerEvent: isPerEvent(table),
  };
  const names = childColumns(parent, child).map(({ name }) => quoted(name));
  return `select * from (${childRows(parent, child, `${nameOf({ ...table, place: 'live' })} p`)}) as elements (${names.join(', ')})`;
}
