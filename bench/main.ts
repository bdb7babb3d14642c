import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile, chmod } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { Client as TemporalClient } from '@temporalio/client';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openClient } from '../store/session/open-session.ts';
import { startEmbedded } from '../services/embedded.ts';
import { benchDefinition, type BenchPartner } from './definition.ts';
import { historyOf } from './history.ts';
import { measureCommands, measureInspection, writeDefinitions } from './inspect.ts';
import { linesOf, measureLimit } from './limit.ts';
import { LONG_PAST } from './past.ts';
import { measurePermits } from './permits.ts';
import { measureRebuild } from './rebuild.ts';
import { startChild } from './processes.ts';

/**
 * Rows per second from a partner's API to typed tables, against what PostgreSQL alone can do with the same rows in the
 * same run. `npm run bench -- --rows 500000 --runs 3 --json`
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const ROWS = Number(values.rows);
const RUNS = Number(values.runs);
const say = (line: string): void => console.error(line);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const PAGE = 1000;
const perSecond = (seconds: number): number => Math.round(ROWS / seconds);
const microsPerRow = (seconds: number): number => round((seconds / ROWS) * 1e6, 1);
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-bench-'));
await chmod(dir, 0o755);
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: true,
  say,
});
const client = await connectClient({ address: services.temporalAddress, namespace: 'default' });
const env = (url: string, partners: string): Record<string, string> => ({
  DATABASE_URL: services.databaseUrl,
  TEMPORAL_ADDRESS: services.temporalAddress,
  SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
  SYNCLINE_PARTNERS_DIR: partners,
  SYNCLINE_LOG_LEVEL: 'info',
  BENCH_URL: url,
});

try {
  const parts = {
    bulk: benchBulk,
    latency: benchLatency,
    'one-page': benchOnePage,
    permits: benchPermits,
    inspect: benchInspect,
    rebuild: benchRebuild,
  };
  const result: Record<string, number | string> = {};
  for (const [name, part] of Object.entries(parts))
    if (values.only === undefined || values.only === name) Object.assign(result, await part());
  Object.assign(result, { cpus: cpus().length, node: process.versions.node });
  for (const [name, value] of Object.entries(result)) say(`${name.padEnd(28)} ${String(value)}`);
  if (values.json) console.log(JSON.stringify(result));
} finally {
  await client.connection.close();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}

async function withWorker<T>(
  simulator: readonly string[],
  asked: BenchPartner,
  work: (at: {
    run: (window: string) => Promise<Measured>;
    peakMb: () => Promise<number>;
    cpuSeconds: () => Promise<number>;
    env: Record<string, string>;
  }) => Promise<T>,
): Promise<T> {
  const partner = await startChild({
    args: ['--import', 'tsx', 'simulator/main.ts', '--with-parent', ...simulator],
    env: {},
    ready: /^simulator ready/,
  });
  const partners = join(dir, 'partners');
  await mkdir(partners, { recursive: true });
  await writeFile(join(partners, 'bench.yaml'), benchDefinition(asked));
  const workerEnv = env(partner.line.split(' ').at(-1) ?? '', partners);
  const worker = await startChild({
    // As the image starts it (Dockerfile).
    args: ['--single-threaded-gc', 'dist/cli/main.js', 'worker'],
    env: { ...workerEnv, MALLOC_ARENA_MAX: '2' },
    ready: /"partner\.bench"/,
  });
  try {
    return await work({
      run: (window) => measure(client, window),
      peakMb: () => worker.peakMb(),
      cpuSeconds: () => worker.cpuSeconds(),
      env: workerEnv,
    });
  } finally {
    await worker.stop();
    await partner.stop();
  }
}

interface Measured {
  readonly seconds: number;
  readonly rows: number;
  readonly unchanged: number;
  readonly events: number;
  readonly temporalSeconds: number;
}

async function measure(temporal: TemporalClient, window: string): Promise<Measured> {
  const startedAt = performance.now();
  const started = await startSync(temporal, { partner: 'bench', streams: [], window, kind: 'manual', generation: 1 });
  const report = await reportOfSync(started.handle);
  const seconds = (performance.now() - startedAt) / 1000;
  if ('failure' in report) throw new Error(report.failure);
  if (report.outcome !== 'ok') throw new Error(`outcome ${report.outcome}: ${report.reason}`);
  const { events, activitySeconds } = await historyOf(temporal, [
    report.runId,
    ...report.streams.map(({ syncId }) => syncId),
  ]);
  return {
    seconds,
    rows: report.counts.fetched,
    unchanged: report.counts.unchanged,
    events,
    temporalSeconds: seconds - activitySeconds,
  };
}

async function benchBulk() {
  say(`\n${ROWS} rows in pages of 1000, ${RUNS} runs, each into an empty table`);
  return withWorker(
    ['--payments', String(ROWS), '--customers', '2000', '--prerender'],
    { limit: 1000 },
    async ({ run, peakMb, cpuSeconds }) => {
      const runs: (Measured & { limitSeconds: number; batchedSeconds: number; cpu: number })[] = [];
      let lines: readonly string[] = [];
      // The first one is not counted: a new cluster has no WAL files yet that it could use again, and the limit that is
      // measured afterwards would have them.
      for (let n = 0; n <= RUNS; n++) {
        await emptyTables();
        const cpuBefore = await cpuSeconds();
        const measured = await run(`2026-01-${10 + n}`);
        const cpu = (await cpuSeconds()) - cpuBefore;
        if (measured.rows !== ROWS) throw new Error(`${measured.rows} rows came, ${ROWS} expected`);
        if (lines.length === 0) lines = await linesOf(services.databaseUrl);
        if (n === 0) continue;
        await emptyTables();
        const limitSeconds = await measureLimit(services.databaseUrl, lines, PAGE);
        const batchedSeconds = await measureLimit(services.databaseUrl, lines, 10 * PAGE);
        runs.push({ ...measured, limitSeconds, batchedSeconds, cpu });
        say(
          `run ${n}: ${perSecond(measured.seconds)} rows/s; PostgreSQL alone ${perSecond(limitSeconds)} page by page ` +
            `(ratio ${round(limitSeconds / measured.seconds)}), ${perSecond(batchedSeconds)} by ten pages ` +
            `(ratio ${round(batchedSeconds / measured.seconds)}); Temporal's share ` +
            `${round(measured.temporalSeconds / measured.seconds, 3)}; worker's CPU ${microsPerRow(cpu)} µs a row, peak ${await peakMb()} MB`,
        );
      }
      const again = await unchanged(run);
      return {
        rows: ROWS,
        unchanged_rows_per_s: perSecond(again),
        rows_per_s: Math.round(ROWS / median(runs.map((each) => each.seconds))),
        limit_rows_per_s: Math.round(ROWS / median(runs.map((each) => each.limitSeconds))),
        limit_ratio: round(median(runs.map((each) => each.limitSeconds / each.seconds)), 3),
        limit_batched_rows_per_s: perSecond(median(runs.map((each) => each.batchedSeconds))),
        limit_batched_ratio: round(median(runs.map((each) => each.batchedSeconds / each.seconds)), 3),
        temporal_share: round(median(runs.map((each) => each.temporalSeconds / each.seconds)), 4),
        history_events_per_million_rows: Math.round((median(runs.map((each) => each.events)) / ROWS) * 1e6),
        worker_cpu_us_per_row: microsPerRow(median(runs.map((each) => each.cpu))),
        peak_rss_mb: await peakMb(),
      };
    },
  );
}

/** All rows come again, and none differs. Seconds. */
async function unchanged(run: (window: string) => Promise<Measured>): Promise<number> {
  await emptyTables();
  await run('2026-01-20');
  const seconds: number[] = [];
  for (let n = 1; n <= RUNS; n++) {
    const measured = await run(`2026-01-${20 + n}`);
    if (measured.unchanged !== ROWS) throw new Error(`${measured.unchanged} rows were unchanged, ${ROWS} expected`);
    seconds.push(measured.seconds);
    say(`the same rows again: ${perSecond(measured.seconds)} rows/s`);
  }
  return median(seconds);
}

async function benchLatency() {
  const pages = Math.ceil(ROWS / PAGE);
  const latencyMs = 50;
  say(`\n${pages} pages of 1000 rows, ${latencyMs} ms latency per request`);
  return withWorker(
    ['--payments', String(pages * 1000), '--prerender', '--latency', String(latencyMs)],
    { limit: 1000 },
    async ({ run }) => {
      const ratios: number[] = [];
      for (let n = 1; n <= RUNS; n++) {
        await emptyTables();
        const { seconds } = await run(`2026-02-0${n}`);
        ratios.push((seconds * 1000) / (pages * latencyMs));
        say(`run ${n}: ${round(seconds)} s, ${round(ratios.at(-1) ?? 0, 3)} of pages × latency`);
      }
      return { latency_ratio: round(median(ratios), 3) };
    },
  );
}

async function benchOnePage() {
  say('\nOne page on warm services');
  return withWorker(['--payments', '500'], { limit: 1000 }, async ({ run, env: workerEnv }) => {
    await emptyTables();
    const seconds: number[] = [];
    const whole: number[] = [];
    for (let n = 1; n <= Math.max(RUNS, 3) + 1; n++) {
      const measured = await run(`2026-03-0${n}`);
      // The first one warms definition, connections and the workflow's isolate.
      if (n > 1) seconds.push(measured.seconds);
      const startedAt = performance.now();
      await promisify(execFile)(
        process.execPath,
        ['dist/cli/main.js', 'sync', 'bench', '--window', `2026-04-0${n}`, '--json'],
        {
          env: { ...process.env, ...workerEnv },
        },
      );
      if (n > 1) whole.push((performance.now() - startedAt) / 1000);
    }
    say(
      `sync ${seconds.map((each) => round(each)).join(' ')} s, whole command ${whole.map((each) => round(each)).join(' ')} s`,
    );
    return { one_page_s: round(median(seconds)), one_page_command_s: round(median(whole)) };
  });
}

/** Eight streams of small pages at 200 requests a second: how near the sync comes to it, and what asking for permits takes of its time. */
async function benchPermits() {
  say('\nPermits');
  const rate = 200;
  const streams = 8;
  const requests = 4000;
  const seconds = await withWorker(
    ['--payments', String((requests / streams) * 10), '--prerender'],
    { limit: 10, streams, limits: `{ rate: ${rate}, per: 1s, burst: ${rate} }` },
    async ({ run }) => {
      await emptyTables();
      return (await run('2026-05-01')).seconds;
    },
  );
  const ideal = (requests - rate) / rate;
  say(`${requests} requests at ${rate}/s: ${round(seconds)} s, ${round(seconds / ideal, 3)} of the ideal`);
  const permits = await measurePermits(services.databaseUrl, say);
  return {
    ...permits,
    of_ideal_at_200_per_s: round(seconds / ideal, 3),
    permits_share_at_200_per_s: round(((permits['permits_p50_ms'] ?? NaN) * requests) / 1000 / seconds, 3),
  };
}

/** What people ask of a ledger of 100,000 runs; writing those takes some minutes. */
async function benchInspect() {
  say('\nReading a long past');
  const past = await databaseNamed('past');
  await migrate(past);
  const questions = await measureInspection(past, say);
  const partners = join(dir, 'partners-of-past');
  await writeDefinitions(partners, LONG_PAST);
  return { ...questions, ...(await measureCommands({ ...env('', partners), DATABASE_URL: past }, say)) };
}

/** A table made anew of a log of twice as many events as the other parts have rows, beside SQL alone. */
async function benchRebuild() {
  say('\nRebuild');
  return measureRebuild(await databaseNamed('rebuild'), { events: 2 * ROWS, runs: RUNS, say });
}

async function databaseNamed(name: string): Promise<string> {
  const database = await openClient(services.databaseUrl, { name: 'syncline bench' });
  await database.query(`create database ${name}`);
  await database.end();
  return Object.assign(new URL(services.databaseUrl), { pathname: `/${name}` }).href;
}

async function emptyTables(): Promise<void> {
  const database = await openClient(services.databaseUrl, { name: 'syncline bench' });
  try {
    await database.query('drop schema if exists bench cascade');
    await database.query('truncate syncline.streams, syncline.runs, syncline.backfills cascade');
    const { rows } = await database.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'syncline.events'::regclass`,
    );
    for (const { name } of rows) await database.query(`drop table ${name}`);
    await database.query('checkpoint');
  } finally {
    await database.end();
  }
}
