import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBDataChunk, DuckDBInstance, VARCHAR } from '@duckdb/node-api';
import type { Column } from '../core/column.ts';
import { openDuckdb } from '../targets/duckdb/open-duckdb.ts';
import type { TargetRow, TargetTable } from '../targets/target.ts';

/**
 * Rows per second into a DuckDB file through `apply`, against what the driver alone does with the same rows: its appender
 * into a staging table, then one transaction that replaces. Each run is a process of its own, so that its memory is.
 * `node --import tsx bench/duckdb.ts [ROWS] [ROWS PER LOAD]`
 */
const ROWS = Number(process.argv[2] ?? 300_000);
const PER_LOAD = Number(process.argv[3] ?? 50_000);
const RUNS = 3;
const OPTIONS = { memory_limit: '512MB', threads: '2', preserve_insertion_order: 'false' };

const types = {
  id: 'text',
  customer: 'text',
  amount: 'number',
  fee: 'number',
  quantity: 'integer',
  paid: 'boolean',
  created_at: 'timestamp',
  day: 'date',
  details: 'json',
  note: 'text',
} as const;
const columns: Column[] = Object.entries(types).map(([name, type]) => ({ name, path: [name], type }));
const table: TargetTable = { schema: 'acme', table: 'payments', columns, keys: 1, rowPer: 'key' };

/** Made as they are asked for, as the log gives them: memory holds one load. */
function rowsOf(from: number, count: number): TargetRow[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i + 1;
    const values = [
      `pay_${String(n * 7_919).padStart(12, '0')}`,
      `customer ${n % 977}`,
      `${n % 100_000}.${String(n % 100).padStart(2, '0')}`,
      `${(n % 1_000) / 1_000}`,
      String(n % 12),
      n % 2 === 0 ? 't' : 'f',
      `2026-01-${String(1 + (n % 28)).padStart(2, '0')}T${String(n % 24).padStart(2, '0')}:04:05.678Z`,
      `2026-02-${String(1 + (n % 28)).padStart(2, '0')}`,
      `{"method":"card","attempt":${n % 4},"tags":["a","b"]}`,
      n % 3 === 0 ? null : `note of payment ${n}`,
    ];
    const hash = createHash('md5').update(String(n)).digest('hex');
    return { event: n, page: Math.ceil(n / 500), ordinal: n % 500, run: 1, version: null, hash, values, extra: null };
  });
}

interface Took {
  readonly ms: number;
  readonly cpuMs: number;
  readonly longestBlockMs: number;
  readonly peakMb: number;
}

/** Calls `load` for each load; making its rows is not counted. */
async function measure(load: (rows: TargetRow[], from: number) => Promise<void>): Promise<Took> {
  let ms = 0;
  let cpuMs = 0;
  let longestBlockMs = 0;
  let peakMb = 0;
  let loading = false;
  let seen = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    if (loading) longestBlockMs = Math.max(longestBlockMs, now - seen - 2);
    seen = now;
    peakMb = Math.max(peakMb, process.memoryUsage.rss() / 1_000_000);
  }, 2);
  for (let from = 0; from < ROWS; from += PER_LOAD) {
    const rows = rowsOf(from, Math.min(PER_LOAD, ROWS - from));
    await new Promise((resolve) => setTimeout(resolve, 10));
    loading = true;
    const start = performance.now();
    const cpu = process.cpuUsage();
    await load(rows, from);
    ms += performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    cpuMs += (user + system) / 1_000;
    loading = false;
  }
  clearInterval(watch);
  return { ms, cpuMs, longestBlockMs, peakMb };
}

async function ours(path: string): Promise<Took> {
  const target = await openDuckdb({ name: 'bench', path });
  await target.open(table);
  const took = await measure((upserts, from) =>
    target.apply(table, { from, to: from + upserts.length, clears: false, deletes: [], upserts }),
  );
  await target.close();
  return took;
}

const own = ['_event', '_page', '_ordinal', '_run', '_version', '_hash', '_extra'];
const ownTypes = ['bigint', 'bigint', 'integer', 'integer', 'varchar', 'uuid', 'json'];
/** The quicker way to a wide decimal: the direct cast would make the driver alone look half as fast. */
const castOf = (name: string, type: string | undefined): string =>
  type === 'decimal(38,18)' ? `${name}::decimal(18,9)::${type}` : `${name}::${type}`;

const sqlTypes = {
  text: 'varchar',
  number: 'decimal(38,18)',
  integer: 'bigint',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  date: 'date',
} as const;

/** As the driver's documentation shows it: chunks into an appender, and casts in SQL. */
async function driverAlone(path: string): Promise<Took> {
  const instance = await DuckDBInstance.create(path, OPTIONS);
  const connection = await instance.connect();
  const names = [...Object.keys(types), ...own];
  const wanted = [...Object.values(types).map((type) => (type === 'json' ? 'json' : sqlTypes[type])), ...ownTypes];
  await connection.run(`create table payments (${names.map((name, i) => `${name} ${wanted[i]}`).join(', ')})`);
  const took = await measure(async (rows) => {
    await connection.run(`create or replace temp table staged (${names.map((name) => `${name} varchar`).join(', ')})`);
    const appender = await connection.createAppender('staged', 'main', 'temp');
    for (let at = 0; at < rows.length; at += 2_048) {
      const part = rows
        .slice(at, at + 2_048)
        .map((row) => [
          ...row.values,
          ...[row.event, row.page, row.ordinal, row.run].map(String),
          row.version,
          row.hash,
          row.extra,
        ]);
      const chunk = DuckDBDataChunk.create(
        Array.from(names, () => VARCHAR),
        part.length,
      );
      chunk.setRows(part);
      appender.appendDataChunk(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    appender.closeSync();
    await connection.run('begin transaction');
    await connection.run('delete from payments t using staged s where t.id = s.id');
    await connection.run(
      `insert into payments select ${names.map((name, i) => castOf(name, wanted[i])).join(', ')} from staged`,
    );
    await connection.run('commit');
  });
  connection.closeSync();
  instance.closeSync();
  return took;
}

const kinds = { 'driver alone': driverAlone, ours } as const;
type Kind = keyof typeof kinds;
const folder = await mkdtemp(join(tmpdir(), 'syncline-bench-'));
const one = process.argv[4] as Kind | undefined;
if (one === undefined) await compare();
else console.log(JSON.stringify(await kinds[one](join(folder, 'bench.duckdb'))));
await rm(folder, { recursive: true });

async function compare(): Promise<void> {
  const figures: Record<Kind, Took[]> = { 'driver alone': [], ours: [] };
  for (let run = 0; run < RUNS; run++)
    for (const kind of Object.keys(kinds) as Kind[]) {
      const again = [...process.execArgv, import.meta.filename, String(ROWS), String(PER_LOAD), kind];
      const { stdout } = await promisify(execFile)(process.execPath, again);
      figures[kind].push(JSON.parse(stdout) as Took);
    }
  for (const [kind, took] of Object.entries(figures)) {
    const of = (figure: keyof Took): number => median(took.map((one) => one[figure]));
    console.log(
      `${kind}: ${Math.round((ROWS / of('ms')) * 1_000).toLocaleString('en')} rows/s, ` +
        `${((of('cpuMs') / ROWS) * 1_000).toFixed(1)} µs of CPU a row, ` +
        `longest block ${Math.round(of('longestBlockMs'))} ms, peak ${Math.round(of('peakMb'))} MB`,
    );
  }
  const ratio = median(figures['driver alone'].map(({ ms }) => ms)) / median(figures.ours.map(({ ms }) => ms));
  console.log(`ratio ${ratio.toFixed(2)}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
