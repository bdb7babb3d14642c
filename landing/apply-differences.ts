import type { ClientBase } from 'pg';
import { RetryLater } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { NOW, sameKey, WAS, type Compared, type Differences } from './compare-tables.ts';
import { quoted } from '../core/sql-text.ts';
import { rowColumns, rowKeyOf } from '../targets/postgres/target-table.ts';

/** What rows were before the last rebuild that changed any. No stream can have a table of this name. */
export const beforeOf = ({ schema }: CompiledStream, streamId: number): string =>
  `${quoted(schema)}.${quoted(`_before_${streamId}`)}`;

/**
 * Makes the rows that differ what the log says, and no others: views, grants and readers of the table notice nothing else. What they
 * were is kept. Call it in the transaction that compared, under the stream's lock.
 */
export async function applyDifferences(
  client: ClientBase,
  {
    compared,
    differences,
    before,
  }: { readonly compared: Compared; readonly differences: Differences; readonly before: string },
): Promise<void> {
  const { stream, live, build, differ } = compared;
  await client.query(`drop table if exists ${before}`);
  await client.query(`create table ${before} as table ${differ}`);
  await client.query(`analyze ${differ}`);
  await expectRows(
    client.query(`delete from ${live} t using ${differ} d where d.${WAS} = 'gone' and ${sameKey(stream, 't', 'd')}`),
    { stream, rows: differences.gone },
  );
  const written = rowColumns(stream).split(', ');
  const columns = [...written, '_deleted_at'];
  const keys = new Set(rowKeyOf(stream).map(quoted));
  const set = written.filter((column) => !keys.has(column)).map((column) => `${column} = b.${column}`);
  await expectRows(
    client.query(
      `update ${live} t set ${set.join(', ')}, _deleted_at = b._deleted_at, _loaded_at = now()
        from ${differ} d join ${build} b on ${sameKey(stream, 'b', 'd')}
        where d.${WAS} = 'changed' and ${sameKey(stream, 't', 'd')}`,
    ),
    { stream, rows: differences.changed },
  );
  await expectRows(
    client.query(
      `insert into ${live} (${columns.join(', ')}) select ${columns.map((column) => `b.${column}`).join(', ')}
        from ${differ} d join ${build} b on ${sameKey(stream, 'b', 'd')} where d.${WAS} = 'came'`,
    ),
    { stream, rows: differences.came },
  );
}

async function expectRows(
  written: Promise<{ readonly rowCount: number | null }>,
  { stream, rows }: { readonly stream: CompiledStream; readonly rows: number },
): Promise<void> {
  const { rowCount } = await written;
  if (rowCount === rows) return;
  throw new RetryLater(
    `${stream.schema}.${stream.table} took ${rowCount ?? 0} of ${rows} rows: a trigger or a rule leaves rows out`,
    { afterMs: 0 },
  );
}

export interface RolledBack {
  /** Rows that are again what they were. */
  readonly restored: number;
  /** Rows that were left alone: something newer has come since. */
  readonly kept: number;
}

/**
 * Brings rows back that the last rebuild changed, where they still are what it wrote; forgets what it kept. undefined: there is nothing to
 * bring back. Call it in a transaction, under the stream's lock.
 */
export async function undoDifferences(
  client: ClientBase,
  { stream, live, before }: { readonly stream: CompiledStream; readonly live: string; readonly before: string },
): Promise<RolledBack | undefined> {
  const kept = await writableColumns(client, before);
  if (kept.length === 0) return undefined;
  const there = new Set(await writableColumns(client, live));
  const columns = kept.filter((column) => there.has(column));
  const keys = new Set(rowKeyOf(stream).map(quoted));
  const set = columns.filter((column) => !keys.has(column)).map((column) => `${column} = b.${column}`);
  const still = `${sameKey(stream, 't', 'b')} and t._event = b.${NOW}`;
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${before}`);
  const results = [
    await client.query(`delete from ${live} t using ${before} b where b.${WAS} = 'came' and ${still}`),
    await client.query(
      `update ${live} t set ${set.join(', ')} from ${before} b where b.${WAS} = 'changed' and ${still}`,
    ),
    await client.query(
      `insert into ${live} (${columns.join(', ')}) select ${columns.map((column) => `b.${column}`).join(', ')} from ${before} b
        where b.${WAS} = 'gone' and not exists (select from ${live} t where ${sameKey(stream, 't', 'b')})`,
    ),
  ];
  await client.query(`drop table ${before}`);
  const restored = results.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  return { restored, kept: Number(rows[0]?.count) - restored };
}

/** Quoted; none when there is no such table. Columns that the table makes itself are left out. */
async function writableColumns(client: ClientBase, table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select a.attname as name from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity <> 'a' order by a.attnum`,
    [table],
  );
  return rows.map(({ name }) => quoted(name));
}
