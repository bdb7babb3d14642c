import type { ClientBase } from 'pg';
import { keyParts } from '../../core/key-text.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { arrayLiteral, quoted } from '../../core/sql-text.ts';
import { postgresTypes } from './column-types.ts';

/** Rows of these keys stay, and say since when (ISO) their records are gone. */
export async function buryRows(
  client: ClientBase,
  {
    stream,
    table,
    buried,
  }: { readonly stream: LandedStream; readonly table: string; readonly buried: ReadonlyMap<string, string> },
): Promise<void> {
  if (buried.size === 0) return;
  const { keyColumns } = stream;
  const parts = [...buried.keys()].map((key) => keyParts(key, keyColumns.length));
  const arrays = keyColumns.map(({ type }, at) => `$${at + 2}::${postgresTypes[type]}[]`);
  await client.query(
    `update ${table} t set _deleted_at = k.at, _loaded_at = now()
      from unnest($1::timestamptz[], ${arrays.join(', ')}) as k(at, ${keyColumns.map((_, at) => `k${at}`).join(', ')})
      where ${keyColumns.map(({ name }, at) => `t.${quoted(name)} = k.k${at}`).join(' and ')}`,
    [[...buried.values()], ...keyColumns.map((_, at) => arrayLiteral(parts.map((part) => part[at] as string)))],
  );
}
