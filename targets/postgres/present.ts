import type { ClientBase } from 'pg';
import type { Column } from '../../core/column.ts';
import { keyParts } from '../../core/key-text.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { arrayLiteral, quoted } from '../../core/sql-text.ts';
import { postgresTypes } from './column-types.ts';
import { targetOf } from './target-table.ts';

interface Asked {
  readonly stream: LandedStream;
  /** The columns that the values are looked for in. */
  readonly columns: readonly Column[];
  readonly values: readonly string[];
}

/** Those of the values that a row of the stream's table has. A table or column that is not made yet has none. */
export async function presentValues(client: ClientBase, asked: Asked): Promise<ReadonlySet<string>> {
  const { stream, columns } = asked;
  const values = [...new Set(asked.values)];
  if (values.length === 0 || columns.length === 0 || !(await hasColumns(client, asked))) return new Set();
  const parts =
    columns.length === 1
      ? [arrayLiteral(values)]
      : columns.map((_, at) => arrayLiteral(values.map((value) => keyParts(value, columns.length)[at] as string)));
  const { rows } = await client.query<{ ord: string }>(
    `select k.ord from unnest(${columns.map(({ type }, at) => `$${at + 1}::${postgresTypes[type]}[]`).join(', ')})
        with ordinality as k(${columns.map((_, at) => `k${at}`).join(', ')}, ord)
      where exists (select from ${targetOf(stream)} t where t._deleted_at is null
        and ${columns.map(({ name }, at) => `t.${quoted(name)} = k.k${at}`).join(' and ')})`,
    parts,
  );
  return new Set(rows.map(({ ord }) => values[Number(ord) - 1] as string));
}

/** Who has a value that is looked for. */
export interface Holders {
  /** Of the keys that were asked for. */
  readonly keys: ReadonlySet<string>;
  /** A row of another key has it, too. */
  readonly others: boolean;
}

/** By value of one column, which of these keys' rows have it, and whether others do. A value that no row has is left out. */
export async function holdersOf(
  client: ClientBase,
  { stream, columns, values: asked, keys }: Asked & { readonly keys: readonly string[] },
): Promise<ReadonlyMap<string, Holders>> {
  const [column] = columns;
  const values = [...new Set(asked)];
  const { keyColumns } = stream;
  if (column === undefined || values.length === 0 || !(await hasColumns(client, { stream, columns }))) return new Map();
  const parts =
    keyColumns.length === 1
      ? [arrayLiteral(keys)]
      : keyColumns.map((_, at) => arrayLiteral(keys.map((key) => keyParts(key, keyColumns.length)[at] as string)));
  const { rows } = await client.query<{ value: string; key: string | null }>(
    `select distinct v.ord as value, k.ord as key
      from unnest($1::${postgresTypes[column.type]}[]) with ordinality as v(value, ord)
      join ${targetOf(stream)} t on t.${quoted(column.name)} = v.value and t._deleted_at is null
      left join unnest(${keyColumns.map(({ type }, at) => `$${at + 2}::${postgresTypes[type]}[]`).join(', ')})
        with ordinality as k(${keyColumns.map((_, at) => `k${at}`).join(', ')}, ord)
        on ${keyColumns.map(({ name }, at) => `t.${quoted(name)} = k.k${at}`).join(' and ')}`,
    [arrayLiteral(values), ...parts],
  );
  const holders = new Map<string, { readonly keys: Set<string>; others: boolean }>();
  for (const { value, key } of rows) {
    const name = values[Number(value) - 1] as string;
    const found = holders.get(name) ?? { keys: new Set<string>(), others: false };
    if (key === null) found.others = true;
    else found.keys.add(keys[Number(key) - 1] as string);
    holders.set(name, found);
  }
  return holders;
}

/** Whether the stream's table is there, with these columns. */
export async function hasColumns(
  client: ClientBase,
  { stream, columns }: Pick<Asked, 'stream' | 'columns'>,
): Promise<boolean> {
  const { rows } = await client.query<{ made: boolean }>(
    `select count(*) = cardinality($2::name[]) as made from pg_attribute
      where attrelid = to_regclass($1) and attname = any ($2::name[]) and not attisdropped`,
    [targetOf(stream), columns.map(({ name }) => name)],
  );
  return rows[0]?.made === true;
}

/** An index on each field that others name this stream's records by. Of hashes: it takes texts of any length. */
export async function ensureNeededIndexes(
  client: ClientBase,
  { stream, columns }: Pick<Asked, 'stream' | 'columns'>,
): Promise<void> {
  for (const { name } of columns) {
    const { rows } = await client.query<{ there: boolean }>(
      `select exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
          where i.indrelid = to_regclass($1) and i.indisvalid and i.indpred is null and a.attname = $2) as there`,
      [targetOf(stream), name],
    );
    if (rows[0]?.there !== true) await client.query(`create index on ${targetOf(stream)} using hash (${quoted(name)})`);
  }
}
