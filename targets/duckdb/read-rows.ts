import { writeMicros } from '../../core/micros.ts';
import { jsonText } from '../json-text.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import type { KeyedRow, ReadRow, TargetTable } from '../target.ts';
import { bucketSql, digestColumns, keySql } from './digest-sql.ts';
import type { FileWork } from './duckdb-file.ts';
import { nameOf, quoted } from './names.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';
import { isNumberInKey } from './types.ts';

/** All rows in the order of their row key, as texts that every kind of warehouse gives alike. */
export const readRows = (on: FileWork, table: TargetTable): AsyncGenerator<ReadRow> => selected(on, table);

/** Those of some buckets, in the order of the digests of their keys. */
export async function* readSome(
  on: FileWork,
  table: TargetTable,
  buckets: readonly number[],
): AsyncGenerator<KeyedRow> {
  const key = keySql(table, await digestColumns(on, table));
  const digest = `md5(${key})`;
  const rest = `where ${bucketSql(key)} in (select unnest([${buckets.join(',')}]::integer[])) order by ${digest}`;
  yield* selected(on, table, { digest, rest }) as AsyncGenerator<KeyedRow>;
}

async function* selected(
  on: FileWork,
  table: TargetTable,
  some?: { readonly digest: string; readonly rest: string },
): AsyncGenerator<ReadRow & Partial<KeyedRow>> {
  const names = nameColumns(
    await storedColumns(on, table),
    table.columns.map(({ name }) => name),
  );
  const columns = table.columns.map(({ name, type }, i) => ({
    name,
    type,
    sql: quoted(names.get(name) ?? name),
    numeric: type === 'number' && !isNumberInKey(table, i),
  }));
  const values = columns.map(({ type, sql, numeric }) => {
    if (type === 'timestamp') return `epoch_us(${sql})`;
    return numeric ? `rtrim(rtrim(${sql}::varchar, '0'), '.')` : `${sql}::varchar`;
  });
  const key = isPerEvent(table)
    ? ['_event']
    : columns.slice(0, table.keys).flatMap(({ sql }, i) => (isNumberInKey(table, i) ? numberOrder(sql) : [sql]));
  const text = `select _event, _extra::varchar, _exact::varchar, epoch_us(_deleted_at), ${some?.digest ?? 'null'}, ${values.join(', ')} from ${nameOf(on.catalog, table)} ${some?.rest ?? `order by ${key.join(', ')}`}`;
  for await (const [event, extra, exactText, deleted, keyDigest, ...found] of on.sql.stream(text)) {
    const exact = typeof exactText === 'string' ? (JSON.parse(exactText) as Record<string, string>) : undefined;
    yield {
      event: Number(event),
      ...(typeof keyDigest === 'string' ? { keyDigest } : {}),
      extra: typeof extra === 'string' ? jsonText(extra) : null,
      ...(deleted === null || deleted === undefined ? {} : { deletedAt: writeMicros(deleted as bigint) }),
      values: columns.map(({ name, type, numeric }, i) => {
        if (numeric && exact !== undefined && Object.hasOwn(exact, name)) return exact[name] as string;
        const value = found[i];
        if (value === null || value === undefined) return null;
        if (type === 'timestamp') return writeMicros(value as bigint);
        return type === 'json' ? jsonText(String(value)) : String(value);
      }),
    };
  }
}

/** The order of numbers for their plain texts: by sign and digits before the point, then digit by digit. */
function numberOrder(text: string): string[] {
  const negative = `starts_with(${text}, '-')`;
  const digits = `length(split_part(ltrim(${text}, '-'), '.', 1))`;
  return [
    `case when ${negative} then -${digits} else ${digits} end`,
    `case when ${negative} then null else ${text} end`,
    `case when ${negative} then ${text} end desc`,
  ];
}
