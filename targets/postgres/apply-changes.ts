import type { ClientBase } from 'pg';
import { RetryLater } from '../../core/errors.ts';
import { copyInto } from './copy.ts';
import { copyField } from './copy-text.ts';
import { arrayLiteral } from '../../core/sql-text.ts';
import type { Reached } from '../apply-points.ts';
import type { Burial, Move, RowChanges, RowsOfKeys, TargetRow, TargetTable } from '../target.ts';
import { readCursors, rowKeyColumns, writeCursor } from './cursors.ts';
import { expectAsLeft, hasRows } from './changed-table.ts';
import { nameOf, quoted, saidName } from './names.ts';
import { readVersions } from './read-versions.ts';
import { typeOf } from './types.ts';

export interface Applied {
  readonly move: Move;
  readonly parts: (rowsOf: RowsOfKeys) => AsyncIterable<RowChanges> | Iterable<RowChanges>;
  readonly reached: Reached;
}

const STAGED = 'staged_rows';

/** Rows come by COPY into a temporary table, and from there into their own. Call it in a transaction. */
export async function applyChanges(client: ClientBase, table: TargetTable, applied: Applied): Promise<void> {
  const { move, parts, reached } = applied;
  // The lock on the cursor's row makes two owners take turns.
  const cursor = (await readCursors(client, table, { lock: true })).get(table.place ?? 'live');
  if (cursor === undefined)
    throw new RetryLater(`${saidName(table)} was not opened, or somebody dropped it`, { afterMs: 0 });
  if (cursor.event === move.to && move.from !== move.to) return;
  if (cursor.event !== move.from)
    throw new RetryLater(
      `${saidName(table)} stands at event ${cursor.event}, and the changes lead from ${move.from} to ${move.to}: read its cursor again`,
      { afterMs: 0 },
    );
  await expectAsLeft(client, table, cursor);
  await client.query(`create temp table ${STAGED} (like ${nameOf(table)} including defaults) on commit drop`);
  for await (const part of parts((keys) => readVersions(client, table, keys))) {
    await copyInto(client, `${STAGED} (${columnsOf(table)})`, linesOf(part.upserts));
    await reached('staged');
    if (part.clears) await client.query(`delete from ${nameOf(table)}`);
    if (part.deletes.length > 0) await deleteKeys(client, table, part.deletes);
    if (part.buries !== undefined) await buryKeys(client, table, part.buries);
    await reached('deleted');
    if (part.upserts.length > 0) await insertStaged(client, table);
    await client.query(`truncate ${STAGED}`);
  }
  await reached('inserted');
  await writeCursor(client, table, { ...cursor, event: move.to, hasRows: await hasRows(client, table) });
  await reached('moved');
}

const own = ['_event', '_page', '_ordinal', '_run', '_version', '_hash', '_extra', '_deleted_at'] as const;
const columnsOf = ({ columns }: TargetTable): string => [...columns.map(({ name }) => quoted(name)), ...own].join(', ');

async function insertStaged(client: ClientBase, table: TargetTable): Promise<void> {
  const key = rowKeyColumns(table).map(quoted);
  const columns = columnsOf(table);
  const set = [...columns.split(', '), '_loaded_at'].map((name) => `${name} = excluded.${name}`);
  await client.query(
    `insert into ${nameOf(table)} (${columns}) select ${columns} from ${STAGED}
      on conflict (${key.join(', ')}) do update set ${set.join(', ')}`,
  );
}

async function deleteKeys(client: ClientBase, table: TargetTable, keys: readonly (readonly string[])[]): Promise<void> {
  const columns = table.columns.slice(0, table.keys);
  const arrays = columns.map(({ type }, i) => `$${i + 1}::${typeOf(type)}[]`);
  await client.query(
    `delete from ${nameOf(table)} t using unnest(${arrays.join(', ')}) as k(${columns.map((_, i) => `k${i}`).join(', ')})
      where ${columns.map(({ name }, i) => `t.${quoted(name)} = k.k${i}`).join(' and ')}`,
    columns.map((_, i) => arrayLiteral(keys.map((key) => key[i] as string))),
  );
}

async function buryKeys(client: ClientBase, table: TargetTable, buries: readonly Burial[]): Promise<void> {
  const columns = table.columns.slice(0, table.keys);
  const arrays = columns.map(({ type }, i) => `$${i + 2}::${typeOf(type)}[]`);
  await client.query(
    `update ${nameOf(table)} t set _deleted_at = k.at
      from unnest($1::timestamptz[], ${arrays.join(', ')}) as k(at, ${columns.map((_, i) => `k${i}`).join(', ')})
      where ${columns.map(({ name }, i) => `t.${quoted(name)} = k.k${i}`).join(' and ')}`,
    [buries.map(({ at }) => at), ...columns.map((_, i) => arrayLiteral(buries.map(({ key }) => key[i] as string)))],
  );
}

const LINES = 500;

function* linesOf(rows: readonly TargetRow[]): Generator<Buffer> {
  for (let from = 0; from < rows.length; from += LINES)
    yield Buffer.from(
      rows
        .slice(from, from + LINES)
        .map(lineOf)
        .join(''),
    );
}

const lineOf = ({ values, event, page, ordinal, run, version, hash, extra, deletedAt }: TargetRow): string =>
  `${[...values.map(copyField), event, page, ordinal, run, copyField(version), hash, copyField(extra), deletedAt === undefined ? '\\N' : deletedAt].join('\t')}\n`;
