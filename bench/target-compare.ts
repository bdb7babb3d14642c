import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { Pool } from 'pg';
import { differingRows } from '../activities/apply/differing-rows.ts';
import type { Column } from '../core/column.ts';
import { startPostgres } from '../services/postgres.ts';
import { openDuckdb } from '../targets/duckdb/open-duckdb.ts';
import { openPostgres } from '../targets/postgres/open-postgres.ts';
import type { Target, TargetTable } from '../targets/target.ts';

/**
 * What a comparison of a table in DuckDB with one in PostgreSQL costs: counts and checksums, then the rows of the buckets that differ; beside it a plain scan,
 * which reads each row of both sides and does nothing with it. Each is measured in a process of its own. Once the rows have JSON, once they have none.
 * `node --import tsx bench/target-compare.ts [ROWS] [DIFFERENT]`
 */
const [, script, first = '1000000', second = '1000', url = '', folder = '', what = '', table = ''] = process.argv;
const ROWS = Number(first);
const DIFFERENT = Number(second);

const column = (name: string, type: Column['type']): Column => ({ name, path: [name], type });
const plain: TargetTable = {
  schema: 'acme',
  table: 'plain',
  columns: [
    column('id', 'text'),
    column('customer', 'text'),
    column('amount', 'number'),
    column('quantity', 'integer'),
    column('paid', 'boolean'),
    column('updated_at', 'timestamp'),
    column('day', 'date'),
    column('note', 'text'),
    column('currency', 'text'),
    column('country', 'text'),
  ],
  keys: 1,
  rowPer: 'key',
};
const documents: TargetTable = {
  ...plain,
  table: 'documents',
  columns: [...plain.columns.slice(0, 9), column('details', 'json')],
};
const tables: Readonly<Record<string, TargetTable>> = { plain, documents };

/** The same rows in both dialects: one in so many is another one in DuckDB. */
const rowsSql = ({ table: name }: TargetTable, n: string, from: string, note: string): string => `select
  'pay_' || md5(${n}::text), 'customer ' || ${n} % 977, (${n} % 100000) * 0.25, ${n}, ${n} % 2 = 0,
  timestamptz '2026-01-01 00:00:00+00' + ${n} * interval '1 second', date '2026-02-01' + (${n} % 28)::integer, ${note}, 'EUR',
  ${name === 'plain' ? "'DE'" : `('{"method": "card", "tags": ["a", "b"], "attempt": ' || ${n} % 4 || '}')::json`},
  ${n}, 1, 1, 1, '1', md5(${n}::text)::uuid, null, null from ${from}`;
const lineage = '_event, _page, _ordinal, _run, _version, _hash, _extra, _deleted_at';
const into = ({ schema, table: name, columns }: TargetTable): string =>
  `insert into ${schema}.${name} (${columns.map((each) => each.name).join(', ')}, ${lineage})`;

async function fill(): Promise<void> {
  const store = openPostgres({ name: 'store', url });
  const lake = await openDuckdb({ name: 'lake', path: join(folder, 'bench.duckdb') });
  for (const of of Object.values(tables)) for (const target of [store, lake]) await target.open(of);
  await Promise.all([store.close(), lake.close()]);
  const pool = new Pool({ connectionString: url });
  const duckdb = await DuckDBInstance.create(join(folder, 'bench.duckdb'));
  const connection = await duckdb.connect();
  await connection.run(`set TimeZone = 'UTC'`);
  for (const of of Object.values(tables)) {
    const note = `'note of payment ' || n`;
    await pool.query(
      `${into(of)} ${rowsSql(of, 'n', `generate_series(1, ${ROWS}) n`, note).replace('::json', '::jsonb')}`,
    );
    await pool.query(`vacuum analyze ${of.schema}.${of.table}`);
    const each = Math.max(1, Math.floor(ROWS / DIFFERENT));
    await connection.run(
      `${into(of).replace('_deleted_at)', '_deleted_at, _loaded_at)')} ${rowsSql(of, 'n', `range(1, ${ROWS + 1}) t(n)`, `case when n % ${each} = 0 then 'mine' else ${note} end`).replace('null, null from', 'null, null, now() from')}`,
    );
  }
  connection.closeSync();
  duckdb.closeSync();
  await pool.end();
}

async function seconds(work: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  await work();
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

async function scan(target: Target, of: TargetTable): Promise<void> {
  for await (const row of target.rows(of)) if (row.event < 0) throw new Error('no event');
}

/** One line: how long, and the most memory. */
async function measure(): Promise<void> {
  const of = tables[table] as TargetTable;
  const store = openPostgres({ name: 'store', url });
  const lake = await openDuckdb({ name: 'lake', path: join(folder, 'bench.duckdb') });
  const cells: string[] = [];
  if (what === 'scan') {
    cells.push(await seconds(() => scan(store, of)), await seconds(() => scan(lake, of)), '');
  } else {
    let buckets: readonly number[] = [];
    const [ours, theirs] = [await timed(store, of), await timed(lake, of)];
    buckets = ours.sums.differing(theirs.sums);
    let found = 0;
    const asked = { buckets, stands: () => {} };
    const rows = await seconds(async () => {
      const sides = [store, lake].map((target) => target.some(of, asked)[Symbol.asyncIterator]()) as [never, never];
      for await (const { kind } of differingRows(...sides)) if (kind === 'different') found += 1;
    });
    cells.push(ours.took, theirs.took, `${rows} (${found} in ${buckets.length} buckets)`);
  }
  await Promise.all([store.close(), lake.close()]);
  const mb = Math.round(process.resourceUsage().maxRSS / 1000);
  const { user, system } = process.cpuUsage();
  console.log(
    `| ${[`${table}: ${what}`, ...cells, `${((user + system) / 1e6).toFixed(1)} s`, `${mb} MB`].join(' | ')} |`,
  );
}

async function timed(target: Target, of: TargetTable) {
  const start = performance.now();
  const { sums } = await target.sums(of);
  return { sums, took: `${((performance.now() - start) / 1000).toFixed(1)} s` };
}

if (what === 'fill') await fill();
else if (what !== '') await measure();
else {
  const place = await mkdtemp(join(tmpdir(), 'target-compare-'));
  const server = await startPostgres({ dataDir: join(place, randomUUID()), durable: false });
  const child = async (...args: string[]): Promise<void> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...process.execArgv,
      fileURLToPath(new URL(`file://${script}`)),
      ...[first, second, server.url, place],
      ...args,
    ]);
    process.stdout.write(stdout);
  };
  try {
    await child('fill', 'all');
    console.log(
      `| ${ROWS} rows | PostgreSQL | DuckDB | rows of buckets that differ | CPU of the worker | peak memory |\n| - | - | - | - | - | - |`,
    );
    for (const name of Object.keys(tables)) for (const kind of ['scan', 'compare']) await child(kind, name);
  } finally {
    await server.stop();
    await rm(place, { recursive: true, force: true });
  }
}
