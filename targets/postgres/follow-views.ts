import type { ClientBase } from 'pg';
import type { TargetTable } from '../target.ts';
import { lockBriefly } from './lock-briefly.ts';
import { nameOf } from './names.ts';

/** A view that somebody made over the live table, as it read before another table took its place. */
export interface ViewOver {
  readonly name: string;
  readonly sql: string;
  readonly options: readonly string[];
}

/** Those that we may make again, locked. Call it before the live table gets another name. */
export async function viewsOver(client: ClientBase, table: TargetTable): Promise<readonly ViewOver[]> {
  const { rows } = await client.query<ViewOver>(
    `select v.oid::regclass::text as name, rtrim(pg_get_viewdef(v.oid), ';') as sql, coalesce(v.reloptions, '{}') as options
      from pg_class v where v.relkind = 'v' and pg_has_role(v.relowner, 'usage') and v.oid in (
        select r.ev_class from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
          where d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass($1))
      order by v.oid`,
    [nameOf({ ...table, place: 'live' })],
  );
  const locked: ViewOver[] = [];
  for (const view of rows) if (await lockView(client, view)) locked.push(view);
  return locked;
}

/**
 * Whoever reads a view locks it before its tables. In the other order, the table by its new name and the view afterwards, one of the two would be ended as a
 * deadlock. False: the owner of the view may only read what is under it.
 */
async function lockView(client: ClientBase, { name }: ViewOver): Promise<boolean> {
  try {
    await lockBriefly(client, name);
    return true;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== '42501') throw error;
    return false;
  }
}

/**
 * PostgreSQL knows tables by number: a view goes on with the table that it was made over, whatever that is called. Made again by the same words it reads the one
 * that is live now, and keeps its grants and its own readers. Where that cannot be, it stays as it is: its owner may not read the new table, or that lacks a column.
 */
export async function repointViews(client: ClientBase, table: TargetTable, views: readonly ViewOver[]): Promise<void> {
  for (const { name, sql, options } of views) {
    const { rows } = await client.query<{ may: boolean }>(
      `select has_table_privilege(relowner, to_regclass($2), 'select') as may from pg_class where oid = to_regclass($1)`,
      [name, nameOf({ ...table, place: 'live' })],
    );
    if (rows[0]?.may !== true) continue;
    await client.query('savepoint before_view');
    try {
      await client.query(
        `create or replace view ${name}${options.length === 0 ? '' : ` with (${options.join(', ')})`} as ${sql}`,
      );
    } catch (error) {
      await client.query('rollback to savepoint before_view');
      // 42: undefined column, other types of columns; anything else is no matter of this view.
      if (!(error as { readonly code?: string }).code?.startsWith('42')) throw error;
    }
    await client.query('release savepoint before_view');
  }
}
