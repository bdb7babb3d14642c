import type { ClientBase } from 'pg';
import type { Head } from '../../core/decide.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StagedRecord } from '../warehouse.ts';
import { arrayLiteral, postgresTypes, quoted } from './quote.ts';

/** Key of a record among the heads: `append` knows each content of a key apart, the others only the newest. */
export const headKey = (stream: CompiledStream, record: StagedRecord): string | null =>
  record.key !== null && stream.definition.disposition === 'append' ? `${record.key} ${record.hash}` : record.key;

/** The newest known event per key, read from a table that holds one row per key. Call it under the stream's lock. */
export async function readHeads(
  client: ClientBase,
  input: { readonly stream: CompiledStream; readonly table: string; readonly records: Iterable<StagedRecord> },
): Promise<Map<string, Head>> {
  const { stream, table } = input;
  const wanted = new Map<string, StagedRecord>();
  for (const record of input.records) {
    const key = headKey(stream, record);
    if (key !== null && !wanted.has(key)) wanted.set(key, record);
  }
  const heads = new Map<string, Head>();
  if (wanted.size === 0 || stream.keyColumns.length === 0) return heads;

  const keys = [...wanted.keys()];
  const records = [...wanted.values()];
  const byContent = stream.definition.disposition === 'append';
  const columns = stream.keyColumns.map((column) => ({
    name: column.name,
    type: postgresTypes[column.type] as string,
  }));
  if (byContent) columns.push({ name: '_hash', type: 'uuid' });
  const values = stream.keyColumns.map((_, i) => arrayLiteral(records.map((record) => record.keyTexts[i] as string)));
  if (byContent) values.push(arrayLiteral(records.map((record) => record.hash)));

  const { rows } = await client.query<[string, string | null, string, string]>({
    rowMode: 'array',
    name: `heads ${table}`,
    text: `select k.ord, t._version, t._hash, t._event
      from unnest(${columns.map((column, i) => `$${i + 1}::${column.type}[]`).join(', ')})
        with ordinality as k(${columns.map((_, i) => `k${i}`).join(', ')}, ord)
      join ${table} t on ${columns.map((column, i) => `t.${quoted(column.name)} = k.k${i}`).join(' and ')}`,
    values,
  });
  for (const [ord, version, hash, event] of rows)
    heads.set(keys[Number(ord) - 1] as string, { version, hash: hash.replaceAll('-', ''), event: Number(event) });
  return heads;
}
