import type { ClientBase } from 'pg';
import type { Head } from '../../core/decide.ts';
import { keyParts } from '../../core/key-text.ts';
import { sha128 } from '../../core/page-key.ts';
import { writeMicros } from '../../core/micros.ts';
import { keepsRows, type LandedStream } from '../../core/landed-stream.ts';
import type { StagedRecord } from '../../core/staged.ts';
import { arrayLiteral, quoted } from '../../core/sql-text.ts';
import { postgresTypes } from './column-types.ts';

/** Key of a record among the heads: `append` knows each content of a key apart, the others only the newest. */
export const headKey = (stream: LandedStream, record: StagedRecord): string | null =>
  record.key !== null && stream.definition.disposition === 'append' ? `${record.key} ${record.hash}` : record.key;

/** The same record by its key among the heads. */
export function withHeadKey(stream: LandedStream, record: StagedRecord): StagedRecord {
  if (stream.definition.disposition !== 'append') return record;
  const { ordinal, version, hash, line, received, late, needs, offers } = record;
  return {
    ordinal,
    key: headKey(stream, record),
    version,
    hash,
    line,
    ...(received === undefined ? {} : { received }),
    ...(late === undefined ? {} : { late }),
    ...(needs === undefined ? {} : { needs }),
    ...(offers === undefined ? {} : { offers }),
  };
}

/** The newest known event per key, read from a table that holds one row per key. Call it under the stream's lock. */
export async function readHeads(
  client: ClientBase,
  input: { readonly stream: LandedStream; readonly table: string; readonly records: Iterable<StagedRecord> },
): Promise<Map<string, Head>> {
  const { stream, table } = input;
  const heads = new Map<string, Head>();
  const { keyColumns } = stream;
  const records = [...input.records].filter((record) => record.key !== null);
  if (records.length === 0 || keyColumns.length === 0) return heads;

  const byContent = stream.definition.disposition === 'append';
  const columns = keyColumns.map((column) => ({ name: column.name, type: postgresTypes[column.type] as string }));
  const values =
    keyColumns.length === 1
      ? [arrayLiteral(records.map((record) => record.key as string))]
      : transposed(records.map((record) => keyParts(record.key as string, keyColumns.length))).map(arrayLiteral);
  if (byContent) {
    columns.push({ name: '_hash', type: 'uuid' });
    values.push(arrayLiteral(records.map((record) => record.hash)));
  }

  const keeps = keepsRows(stream);
  const deletedAt = keeps ? ', (extract(epoch from t._deleted_at) * 1000000)::bigint' : '';
  const text = `select k.ord, t._version, t._hash, t._event${deletedAt}
      from unnest(${columns.map((column, i) => `$${i + 1}::${column.type}[]`).join(', ')})
        with ordinality as k(${columns.map((_, i) => `k${i}`).join(', ')}, ord)
      join ${table} t on ${columns.map((column, i) => `t.${quoted(column.name)} = k.k${i}`).join(' and ')}`;
  const { rows } = await client.query<[string, string | null, string, string, (string | null)?]>({
    rowMode: 'array',
    // Named after its text: PostgreSQL cuts names at 63 bytes, and the text changes with the definition.
    name: `heads ${sha128(text)}`,
    text,
    values,
  });
  for (const [ord, version, hash, event, deleted] of rows)
    heads.set(headKey(stream, records[Number(ord) - 1] as StagedRecord) as string, {
      version,
      hash: hash.replaceAll('-', ''),
      event: Number(event),
      ...(deleted === null || deleted === undefined ? {} : { deletedAt: writeMicros(BigInt(deleted)) }),
    });
  return heads;
}

/** The same heads with when their events were received, as the order of a replay needs it. */
export async function withReceived(
  client: ClientBase,
  { streamId, heads }: { readonly streamId: number; readonly heads: ReadonlyMap<string, Head> },
): Promise<Map<string, Head>> {
  const { rows } = await client.query<{ event: string; page: string; ordinal: number }>(
    `select event, coalesce(received_page, page) as page, coalesce(received_ordinal, ordinal) as ordinal
      from events_${streamId} where event = any($1)`,
    [[...heads.values()].map(({ event }) => event)],
  );
  const received = new Map(rows.map(({ event, page, ordinal }) => [Number(event), { page: Number(page), ordinal }]));
  return new Map([...heads].map(([key, head]) => [key, { ...head, received: received.get(head.event) }]));
}

const transposed = (rows: readonly (readonly string[])[]): string[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] as string));
