import { keyParts } from '../core/key-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { arrayLiteral, quoted } from '../core/sql-text.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import type { ClientBase } from 'pg';

/**
 * In SQL: whether a text, as the log has it, is the key of a row. False for the text of a key that another definition had, and for a
 * row whose key somebody changed.
 */
export function keyIs(stream: CompiledStream, text: string, row: string): string {
  const { keyColumns } = stream;
  const same = keyColumns.map(({ name, type }, at) => {
    const part = keyColumns.length === 1 ? text : `(${text}::json ->> ${at})`;
    const kind = postgresTypes[type];
    return `case when pg_input_is_valid(${part}, '${kind}') then (${part})::${kind} = ${row}.${quoted(name)} else false end`;
  });
  if (same.length === 0) return 'false';
  return same.length === 1
    ? `(${same[0]})`
    : `(case when pg_input_is_valid(${text}, 'json') then ${same.join(' and ')} else false end)`;
}

/** Removes the rows of these keys, as the log calls them, from a table that stands for events of it. */
export async function removeKeys(
  client: ClientBase,
  {
    stream,
    streamId,
    table,
    keys,
  }: {
    readonly stream: LandedStream;
    /** Left out: rows of a key that another definition made of it stay. */
    readonly streamId?: number;
    readonly table: string;
    readonly keys: readonly string[];
  },
): Promise<void> {
  const { keyColumns } = stream;
  if (keys.length === 0 || keyColumns.length === 0) return;
  const parts = keys.flatMap((key) => partsOf(key, keyColumns.length));
  const valid = keyColumns.map(({ type }, at) => `pg_input_is_valid(p${at}, '${postgresTypes[type]}')`).join(' and ');
  const { rowCount } = await client.query(
    `with keys as materialized (
        select ${keyColumns.map(({ type }, at) => `p${at}::${postgresTypes[type]} as k${at}`).join(', ')}
        from unnest(${keyColumns.map((_, at) => `$${at + 1}::text[]`).join(', ')}) as p(${keyColumns.map((_, at) => `p${at}`).join(', ')})
        where ${valid})
      delete from ${table} t using keys k where ${keyColumns.map(({ name }, at) => `t.${quoted(name)} = k.k${at}`).join(' and ')}`,
    keyColumns.map((_, at) => arrayLiteral(parts.map((part) => part[at] as string))),
  );
  // Another definition had another key: the events that rows stand for know it.
  if (streamId !== undefined && (rowCount ?? 0) < keys.length)
    await client.query(
      `delete from ${table} t using events_${streamId} e where e.event = t._event and e.key = any ($1)`,
      [keys],
    );
}

/** None where the text is no key of so many columns. */
function partsOf(key: string, columns: number): (readonly string[])[] {
  if (columns === 1) return [[key]];
  try {
    const parts: unknown = keyParts(key, columns);
    return Array.isArray(parts) && parts.length === columns ? [parts as string[]] : [];
  } catch {
    return [];
  }
}
