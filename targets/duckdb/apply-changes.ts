import { GiveUp, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { Reached } from '../apply-points.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import type { Changes, Move, RowChanges, RowsOfKeys, TargetRow, TargetTable } from '../target.ts';
import { columnCodec } from './column-codec.ts';
import { moveCursor, readCursor, type Cursor } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { countRows, expectAsLeft } from './changed-table.ts';
import { nameOf, quoted, saidName } from './names.ts';
import { stage, type StagedColumn } from './stage.ts';
import { fieldOf, freeText, lineOf, plainText } from './staged-text.ts';
import { readVersions } from './read-versions.ts';
import { keyColumns, stageKeys } from './stage-keys.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';

const ROWS = 'staged_rows';
const GONE = 'staged_keys';
const BURIED = 'buried_keys';

/**
 * Rows are brought into typed temporary tables first, where a value that does not fit stops the load before anything was
 * changed. The transaction after that is short: rows leave, rows come, the cursor moves.
 */
export async function applyChanges(
  on: FileWork,
  table: TargetTable,
  { changes, reached }: { readonly changes: Changes; readonly reached: Reached },
): Promise<void> {
  const cursor = await cursorFor(on, table, changes);
  if (cursor === undefined) return;
  const shape = await rowShape(on, table);
  await stagePart(on, table, { shape, part: changes });
  await reached('staged');
  await on.sql.transaction(async () => {
    await writePart(on, table, { shape, part: changes, reached });
    await endLoad(on, table, { id: cursor.id, move: changes, reached });
  });
  await reached('committed');
  await dropStaged(on);
}

/** Part by part in one transaction. Memory holds one part; what is written goes to the file as it comes. */
export async function applyParts(
  on: FileWork,
  table: TargetTable,
  {
    move,
    parts,
    reached,
  }: {
    readonly move: Move;
    readonly parts: (rowsOf: RowsOfKeys) => AsyncIterable<RowChanges>;
    readonly reached: Reached;
  },
): Promise<void> {
  const cursor = await cursorFor(on, table, move);
  if (cursor === undefined) return;
  const shape = await rowShape(on, table);
  await on.sql.transaction(async () => {
    for await (const part of parts((keys) => readVersions(on, table, keys))) {
      await stagePart(on, table, { shape, part });
      await reached('staged');
      await writePart(on, table, { shape, part, reached });
    }
    await endLoad(on, table, { id: cursor.id, move, reached });
  });
  await reached('committed');
  await dropStaged(on);
}

/** Where the table stands; undefined where the changes were applied before. */
async function cursorFor(on: FileWork, table: TargetTable, move: Move): Promise<Cursor | undefined> {
  const cursor = await readCursor(on, table);
  if (cursor === undefined)
    throw new RetryLater(`${saidName(table)} was not opened, or somebody dropped it`, { afterMs: 0 });
  // Nothing else writes meanwhile: what holds the writing connection is alone in the only process that has the file.
  if (cursor.event === move.to && move.from !== move.to) return undefined;
  if (cursor.event !== move.from) throw elsewhere(table, cursor.event, move);
  await expectAsLeft(on, table, cursor);
  return cursor;
}

interface Part {
  readonly shape: RowShape;
  readonly part: RowChanges;
}

async function stagePart(on: FileWork, table: TargetTable, { shape, part }: Part): Promise<void> {
  if (part.upserts.length > 0) await stageRows(on, table, { shape, rows: part.upserts });
  if (part.deletes.length > 0) await stageKeys(on.sql, { table, names: shape.names, into: GONE, keys: part.deletes });
  if (part.buries !== undefined)
    await stageKeys(on.sql, {
      table,
      names: shape.names,
      into: BURIED,
      keys: part.buries.map(({ key }) => key),
      at: part.buries.map(({ at }) => at),
    });
}

async function writePart(
  { sql, catalog }: FileWork,
  table: TargetTable,
  { shape, part, reached }: Part & { readonly reached: Reached },
): Promise<void> {
  const name = nameOf(catalog, table);
  if (part.clears) await sql.run(`delete from ${name}`);
  if (part.deletes.length > 0)
    await sql.run(`delete from ${name} t using temp.main.${GONE} s where ${sameKey(shape.keys)}`);
  if (part.buries !== undefined)
    await sql.run(`update ${name} t set _deleted_at = s._at from temp.main.${BURIED} s where ${sameKey(shape.keys)}`);
  if (part.upserts.length === 0) return;
  if (!part.clears) await sql.run(`delete from ${name} t using temp.main.${ROWS} s where ${sameRow(table, shape)}`);
  await reached('deleted');
  const columns = [...shape.columns.map((column) => column.name), '_exact'].join(', ');
  await sql.run(`insert into ${name} (${columns}, _loaded_at) select ${columns}, now() from temp.main.${ROWS}`);
}

async function endLoad(
  on: FileWork,
  table: TargetTable,
  { id, move, reached }: { readonly id: string; readonly move: Move; readonly reached: Reached },
): Promise<void> {
  await reached('inserted');
  const moved = await moveCursor(on, table, { ...move, id, rows: await countRows(on, table) });
  if (!moved) throw elsewhere(table, (await readCursor(on, table))?.event ?? 0, move);
  await reached('moved');
}

/** Their memory would stay taken until the next load. */
async function dropStaged({ sql }: FileWork): Promise<void> {
  await sql.run(`drop table if exists temp.main.${ROWS}`);
  await sql.run(`drop table if exists temp.main.${GONE}`);
  await sql.run(`drop table if exists temp.main.${BURIED}`);
}

const elsewhere = (table: TargetTable, event: number, { from, to }: Move): RetryLater =>
  new RetryLater(
    `${saidName(table)} stands at event ${event}, and the changes lead from ${from} to ${to}: read its cursor again`,
    {
      afterMs: 0,
    },
  );

interface RowShape {
  readonly columns: readonly (StagedColumn & { readonly field: (row: TargetRow, exact: Exact) => string })[];
  /** Stored names of the key's columns, quoted. */
  readonly keys: readonly string[];
  readonly names: ReadonlyMap<string, string>;
}
type Exact = (name: string, text: string) => void;

/** The columns of a row as it travels, in its order. */
async function rowShape(on: FileWork, table: TargetTable): Promise<RowShape> {
  const found = await storedColumns(on, table);
  const types = new Map(found.map(({ stored, type }) => [stored, type]));
  const names = nameColumns(
    found,
    table.columns.map(({ name }) => name),
  );
  const own = table.columns.map(({ name }, i) => {
    const stored = names.get(name) as string;
    const codec = columnCodec(table, i);
    if (types.get(stored) !== codec.type)
      throw new NeedsAttention(
        `column ${saidName(table)}.${stored} is ${types.get(stored) ?? 'missing'}, expected ${codec.type}: open the table again`,
      );
    return {
      name: quoted(stored),
      type: codec.type,
      read: codec.read,
      field: (row: TargetRow, exact: Exact): string => codec.field(row.values[i] ?? null, (text) => exact(name, text)),
    };
  });
  return { columns: [...own, ...lineageColumns], keys: keyColumns(table, names), names };
}

const number = (name: string, type: string, value: (row: TargetRow) => number): RowShape['columns'][number] => ({
  name,
  type,
  read: (field) => `${field}::${type}`,
  field: (row) => String(value(row)),
});

const lineageColumns: RowShape['columns'] = [
  number('_event', 'BIGINT', (row) => row.event),
  number('_page', 'BIGINT', (row) => row.page),
  number('_ordinal', 'INTEGER', (row) => row.ordinal),
  number('_run', 'INTEGER', (row) => row.run),
  { name: '_version', type: 'VARCHAR', read: freeText, field: (row) => fieldOf(row.version) },
  { name: '_hash', type: 'UUID', read: (field) => `${field}::UUID`, field: (row) => row.hash },
  { name: '_extra', type: 'JSON', read: (field) => `${plainText(field)}::JSON`, field: (row) => fieldOf(row.extra) },
  {
    name: '_deleted_at',
    type: 'TIMESTAMP WITH TIME ZONE',
    read: (field) => `${plainText(field)}::TIMESTAMP WITH TIME ZONE`,
    field: (row) => fieldOf(row.deletedAt ?? null),
  },
];

async function stageRows(
  { sql }: FileWork,
  table: TargetTable,
  { shape, rows }: { readonly shape: RowShape; readonly rows: readonly TargetRow[] },
): Promise<void> {
  const exact: StagedColumn = { name: '_exact', type: 'JSON', read: (field) => `${plainText(field)}::JSON` };
  await stage(sql, { table: ROWS, columns: [...shape.columns, exact], lines: linesOf(shape, rows) });
  const key = rowKey(table, shape);
  const [twice] = await sql.rows(
    `select 1 from temp.main.${ROWS} group by ${key.join(', ')} having count(*) > 1 or ${key.map((column) => `${column} is null`).join(' or ')} limit 1`,
  );
  if (twice !== undefined)
    throw new GiveUp(
      `changes of ${saidName(table)} hold two rows for one row key, or a row without one: nothing was written`,
    );
}

function* linesOf({ columns }: RowShape, rows: readonly TargetRow[]): Generator<string> {
  for (const row of rows) {
    let beside: Record<string, string> | undefined;
    const exact: Exact = (name, text) => {
      beside ??= Object.create(null) as Record<string, string>;
      beside[name] = text;
    };
    const fields = columns.map(({ field }) => field(row, exact));
    fields.push(fieldOf(beside === undefined ? null : JSON.stringify(beside)));
    yield lineOf(fields);
  }
}

const rowKey = (table: TargetTable, shape: RowShape): readonly string[] =>
  isPerEvent(table) ? ['_event'] : shape.keys;

const sameKey = (columns: readonly string[]): string =>
  columns.map((column) => `t.${column} = s.${column}`).join(' and ');
const sameRow = (table: TargetTable, shape: RowShape): string => sameKey(rowKey(table, shape));
