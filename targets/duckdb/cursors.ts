import { InvalidInput } from '../../core/errors.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import type { Place, TableToNote, TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { OWN_SCHEMA, qualified, quoted } from './names.ts';

/** What the file says of one of its tables, written in the transaction that writes the table. */
export interface Cursor {
  readonly id: string;
  readonly owner: string;
  readonly event: number;
  /** How many rows the table had then: another number means that somebody changed it. */
  readonly rows: number;
  /** The table's row key. */
  readonly rowKey: string;
  readonly unfilled: readonly string[];
}

const table = (catalog: string): string => qualified(catalog, { schema: OWN_SCHEMA, table: 'cursors' });

/** No primary key: all writing happens one at a time, in one process, and an update of a key there is refused in places. */
export async function ensureCursors({ sql, catalog }: FileWork): Promise<void> {
  await sql.run(`create schema if not exists ${quoted(catalog)}.${quoted(OWN_SCHEMA)}`);
  await sql.run(`create table if not exists ${table(catalog)} (
    schema_name varchar not null,
    table_name varchar not null,
    place varchar not null,
    id varchar not null,
    owner varchar not null,
    event bigint not null,
    row_count bigint not null,
    row_key varchar not null,
    unfilled varchar not null,
    updated_at timestamp with time zone not null
  )`);
}

const HAVE_NONE = /Table with name \S*cursors\S* does not exist|Schema with name .* does not exist/;

/** A file that nothing was loaded into yet. */
function noneYet(error: unknown): [] {
  if (HAVE_NONE.test(String(error))) return [];
  throw error;
}

export async function readCursors({ sql, catalog }: FileWork, of: TargetTable): Promise<ReadonlyMap<Place, Cursor>> {
  const rows = await sql
    .rows(
      `select place, id, owner, event, row_count, row_key, unfilled from ${table(catalog)}
        where schema_name = $1 and table_name = $2`,
      [of.schema, of.table],
    )
    .catch(noneYet);
  return new Map(
    rows.map(([place, id, owner, event, rows, rowKey, unfilled]) => [
      place as Place,
      {
        id: String(id),
        owner: String(owner),
        event: Number(event),
        rows: Number(rows),
        rowKey: String(rowKey),
        unfilled: JSON.parse(String(unfilled)) as string[],
      },
    ]),
  );
}

export const readCursor = async (on: FileWork, of: TargetTable): Promise<Cursor | undefined> =>
  (await readCursors(on, of)).get(of.place ?? 'live');

export async function writeCursor({ sql, catalog }: FileWork, of: TargetTable, cursor: Cursor): Promise<void> {
  if (of.schema === OWN_SCHEMA)
    throw new InvalidInput(`schema ${OWN_SCHEMA} holds Syncline's own tables: choose another`);
  await forgetCursor({ sql, catalog }, of, of.place ?? 'live');
  await sql.run(`insert into ${table(catalog)} values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())`, [
    of.schema,
    of.table,
    of.place ?? 'live',
    cursor.id,
    cursor.owner,
    BigInt(cursor.event),
    BigInt(cursor.rows),
    cursor.rowKey,
    JSON.stringify(cursor.unfilled),
  ]);
}

export async function forgetCursor({ sql, catalog }: FileWork, of: TargetTable, place: Place): Promise<void> {
  await sql.run(`delete from ${table(catalog)} where schema_name = $1 and table_name = $2 and place = $3`, [
    of.schema,
    of.table,
    place,
  ]);
}

/** Whether the cursor stood at `from`; now it stands at `to`. */
export async function moveCursor(
  { sql, catalog }: FileWork,
  of: TargetTable,
  moved: { readonly id: string; readonly from: number; readonly to: number; readonly rows: number },
): Promise<boolean> {
  const changed = await sql.run(
    `update ${table(catalog)} set event = $5, row_count = $6, updated_at = now()
      where schema_name = $1 and table_name = $2 and id = $3 and event = $4`,
    [of.schema, of.table, moved.id, BigInt(moved.from), BigInt(moved.to), BigInt(moved.rows)],
  );
  return changed === 1;
}

export async function placeCursor(
  { sql, catalog }: FileWork,
  of: TargetTable,
  moved: { readonly id: string; readonly place: Place },
): Promise<void> {
  await sql.run(
    `update ${table(catalog)} set place = $4, updated_at = now() where schema_name = $1 and table_name = $2 and id = $3`,
    [of.schema, of.table, moved.id, moved.place],
  );
}

/** The live tables of an owner. */
export async function liveTables({ sql, catalog }: FileWork, owner: string): Promise<readonly TableToNote[]> {
  const rows = await sql
    .rows(
      `select schema_name, table_name, event, id from ${table(catalog)} where place = 'live' and owner = $1 order by 1, 2`,
      [owner],
    )
    .catch(noneYet);
  return rows.map(([schema, name, event, id]) => ({
    schema: String(schema),
    table: String(name),
    event: Number(event),
    id: String(id),
  }));
}

/** What tells the rows of the table apart, as the cursor remembers it. */
export const rowKeyOf = (table: TargetTable): string =>
  JSON.stringify(isPerEvent(table) ? ['_event'] : table.columns.slice(0, table.keys).map(({ name }) => name));
