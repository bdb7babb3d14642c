import type { ClientBase } from 'pg';
import type { TargetTable } from '../target.ts';
import { nameOf, TOUCHED } from './names.ts';

/**
 * Rows that somebody else than a load inserts or deletes are noted in that very transaction, by a trigger of the table. What PostgreSQL counts by itself
 * (`n_tup_ins` and `n_tup_del`) is lost in a crash and counts what was rolled back, and `count(*)` reads the whole table.
 *
 * Updates are not noted: people may have columns of their own there, which loads leave alone.
 */
export const makesTouched = `create table if not exists ${TOUCHED} (
  id text not null,
  how text not null,
  by text not null,
  at timestamptz not null
);
create index if not exists touched_tables_id on ${TOUCHED} (id);
create or replace function note_touched() returns trigger language plpgsql security definer set search_path from current as $$
declare
  -- Once in a transaction: who deletes a million rows calls it a million times. What is rolled back to a savepoint takes this with it.
  noted text := 'syncline.touched_' || replace(tg_argv[0], '-', '');
begin
  if current_setting(noted, true) = 'on' then return null; end if;
  perform set_config(noted, 'on', true);
  insert into touched_tables (id, how, by, at)
    select tg_argv[0], lower(tg_op), session_user, clock_timestamp()
      where not exists (select from touched_tables t where t.id = tg_argv[0]);
  return null;
end $$`;

const TRIGGER = 'syncline_touched';
const LOADING = 'syncline.loading';

/** Says for the rest of the transaction that a load writes. */
export const saysLoading = `set local ${LOADING} = 'on'`;

/**
 * Has the table note who touches it, under the id that it has now. It must be there and be our own. It waits for those who write to the table and not for those
 * who read it, and does nothing where the trigger is in force.
 */
export async function watchRows(client: ClientBase, table: TargetTable, id: string): Promise<void> {
  const name = nameOf(table);
  const { rows } = await client.query<{ trigger: string | null; watches: boolean | null; may: boolean }>(
    `select t.tgname as trigger, t.tgenabled <> 'D' and encode(t.tgargs, 'escape') = $3 as watches,
        to_regproc('note_touched') is not null and has_table_privilege(c.oid, 'trigger') and (t.oid is null or pg_has_role(c.relowner, 'usage')) as may
      from pg_class c left join pg_trigger t on t.tgrelid = c.oid and t.tgname = $2 where c.oid = to_regclass($1)`,
    [name, TRIGGER, `${id}\\000`],
  );
  const [found] = rows;
  // A table that was given to another role is loaded all the same.
  if (found === undefined || found.watches === true || !found.may) return;
  if (found.trigger !== null) await client.query(`drop trigger ${TRIGGER} on ${name}`);
  await client.query(
    `create trigger ${TRIGGER} after insert or delete on ${name} for each row
      when (current_setting('${LOADING}', true) is distinct from 'on') execute function note_touched('${id}')`,
  );
}

export interface Touched {
  /** `insert` or `delete`. */
  readonly how: string;
  /** The role. */
  readonly by: string;
  readonly at: Date;
}

/** Who touched the rows of the table with this id first; undefined: nobody has. */
export async function touchedBy(client: ClientBase, id: string): Promise<Touched | undefined> {
  if (!(await hasNotes(client))) return undefined;
  const { rows } = await client.query<Touched>(`select how, by, at from ${TOUCHED} where id = $1 order by at limit 1`, [
    id,
  ]);
  return rows[0];
}

/**
 * Until the end of the transaction people may read the table, and those who write to it wait: what they have noted until then is whole. Call it before
 * rows are deleted and the notes of them.
 */
export async function expectNobodyWrites(client: ClientBase, table: TargetTable): Promise<void> {
  await client.query(`lock table ${nameOf(table)} in share row exclusive mode`);
}

/** A table that is gone, or has got other rows and with them another id. */
export async function forgetTouched(client: ClientBase, id: string): Promise<void> {
  if (await hasNotes(client)) await client.query(`delete from ${TOUCHED} where id = $1`, [id]);
}

async function hasNotes(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [TOUCHED]);
  return rows[0]?.there === true;
}
