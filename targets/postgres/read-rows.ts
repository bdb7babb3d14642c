import type { ClientBase } from 'pg';
import type { ColumnType } from '../../core/column.ts';
import { writeMicros } from '../../core/micros.ts';
import { jsonText } from '../json-text.ts';
import type { KeyedRow, ReadRow, TargetTable } from '../target.ts';
import { rowKeyColumns } from './cursors.ts';
import { bucketSql, deletedSql, keySql, textSql } from './digest-sql.ts';
import { nameOf, quoted } from './names.ts';

const CHUNK = 1000;

/** All rows in the order of their row key, as texts that every kind of warehouse gives alike. Call it in a transaction. */
export const readRows = (client: ClientBase, table: TargetTable): AsyncGenerator<ReadRow> =>
  selected(client, table, { digest: 'null', rest: `order by ${keyOrder(table)}` });

/** Those of some buckets, in the order of the digests of their keys. */
export const readSome = (
  client: ClientBase,
  table: TargetTable,
  buckets: readonly number[],
): AsyncGenerator<KeyedRow> => {
  const digest = `md5(${keySql(table)})`;
  const rest = `where ${bucketSql(table)} = any ('{${buckets.join(',')}}'::integer[]) order by ${digest} collate "C"`;
  return selected(client, table, { digest, rest }) as AsyncGenerator<KeyedRow>;
};

async function* selected(
  client: ClientBase,
  table: TargetTable,
  { digest, rest }: { readonly digest: string; readonly rest: string },
): AsyncGenerator<ReadRow & Partial<KeyedRow>> {
  await client.query(
    `declare all_rows no scroll cursor for select ${['_event', '_extra::text', deletedSql, digest, ...table.columns.map(textSql)].join(', ')} from ${nameOf(table)} t ${rest}`,
  );
  for (;;) {
    const { rows } = await client.query<(string | null)[]>({ rowMode: 'array', text: `fetch ${CHUNK} from all_rows` });
    for (const [event, extra, deleted, keyDigest, ...found] of rows)
      yield {
        event: Number(event),
        ...(typeof keyDigest === 'string' ? { keyDigest } : {}),
        extra: extra === null || extra === undefined ? null : jsonText(extra),
        ...(deleted === null || deleted === undefined ? {} : { deletedAt: writeMicros(BigInt(deleted)) }),
        values: found.map((text, i) => (text === null ? null : written(text, table.columns[i]?.type))),
      };
    if (rows.length < CHUNK) return;
  }
}

function keyOrder(table: TargetTable): string {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  // Not the texts that are selected under the same names. Bytes, as others order texts: a database may have any collation.
  return rowKeyColumns(table)
    .map((name) => `t.${quoted(name)}${types.get(name) === 'text' ? ' collate "C"' : ''}`)
    .join(', ');
}

function written(text: string, type: ColumnType | undefined): string {
  if (type === 'timestamp') return writeMicros(BigInt(text));
  return type === 'json' ? jsonText(text) : text;
}
