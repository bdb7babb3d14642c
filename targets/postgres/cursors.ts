import type { ClientBase } from 'pg';
import { isPerEvent } from '../../core/is-per-event.ts';
import type { Place, TargetTable } from '../target.ts';
import { CURSORS, TOUCHED } from './names.ts';
import { makesTouched } from './touched.ts';

/** What the database says of one of our tables, written in the transaction that writes the table. */
export interface Cursor {
  readonly id: string;
  readonly owner: string;
  readonly event: number;
  /** Whether the table had rows then: one that is empty now was emptied by somebody. */
  readonly hasRows: boolean;
  readonly rowKey: string;
  readonly unfilled: readonly string[];
}

interface Row {
  readonly place: Place;
  readonly id: string;
  readonly owner: string;
  readonly event: string;
  readonly has_rows: boolean;
  readonly row_key: string;
  readonly unfilled: string[];
}

/** One at a time: two that make the same schema at once would be an error for one of them. The store has the table by its migrations. */
export async function ensureCursors(client: ClientBase): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended(current_setting('search_path'), 0))`);
  const { rows } = await client.query<{ there: boolean; notes: boolean; may: boolean | null; schema: string }>(
    `select to_regclass($1) is not null as there, to_regclass($2) is not null and to_regproc('note_touched') is not null as notes,
      has_schema_privilege(to_regnamespace(current_setting('search_path')), 'create') as may, current_setting('search_path') as schema`,
    [CURSORS, TOUCHED],
  );
  const { there = false, notes = false, may = null, schema = '' } = rows[0] ?? {};
  if (there && notes) return;
  if (may === null) await client.query(`create schema ${schema}`);
  // Where the right to make anything was taken away since, loads go on without notes.
  if (!notes && (may !== false || !there)) await makeNotes(client, schema);
  if (there) return;
  await client.query(`create table ${CURSORS} (
    schema_name text not null,
    table_name text not null,
    place text not null,
    id text not null,
    owner text not null,
    event bigint not null,
    has_rows boolean not null,
    row_key text not null,
    unfilled text[] not null,
    updated_at timestamptz not null default now(),
    primary key (schema_name, table_name, place)
  )`);
}

/** The function acts as its owner, so that nobody's temporary table may stand in for ours. */
async function makeNotes(client: ClientBase, schema: string): Promise<void> {
  await client.query(`set local search_path = ${schema}, pg_temp`);
  await client.query(makesTouched);
  await client.query(`set local search_path = ${schema}`);
}

export async function readCursors(
  client: ClientBase,
  of: TargetTable,
  { lock = false } = {},
): Promise<ReadonlyMap<Place, Cursor>> {
  const known = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [CURSORS]);
  if (known.rows[0]?.there !== true) return new Map();
  const { rows } = await client.query<Row>(
    `select place, id, owner, event, has_rows, row_key, unfilled from ${CURSORS}
      where schema_name = $1 and table_name = $2${lock ? ' for update' : ''}`,
    [of.schema, of.table],
  );
  return new Map(
    rows.map(({ place, id, owner, event, has_rows: hasRows, row_key: rowKey, unfilled }) => [
      place,
      { id, owner, event: Number(event), hasRows, rowKey, unfilled },
    ]),
  );
}

export async function writeCursor(client: ClientBase, of: TargetTable, cursor: Cursor): Promise<void> {
  await client.query(
    `insert into ${CURSORS} (schema_name, table_name, place, id, owner, event, has_rows, row_key, unfilled)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      on conflict (schema_name, table_name, place) do update set id = excluded.id, owner = excluded.owner, event = excluded.event,
        has_rows = excluded.has_rows, row_key = excluded.row_key, unfilled = excluded.unfilled, updated_at = now()`,
    [
      of.schema,
      of.table,
      of.place ?? 'live',
      cursor.id,
      cursor.owner,
      cursor.event,
      cursor.hasRows,
      cursor.rowKey,
      cursor.unfilled,
    ],
  );
}

export async function forgetCursor(client: ClientBase, of: TargetTable, place: Place): Promise<void> {
  await client.query(`delete from ${CURSORS} where schema_name = $1 and table_name = $2 and place = $3`, [
    of.schema,
    of.table,
    place,
  ]);
}

/** Columns that tell the rows of the table apart. */
export const rowKeyColumns = (table: TargetTable): readonly string[] =>
  isPerEvent(table) ? ['_event'] : table.columns.slice(0, table.keys).map(({ name }) => name);
