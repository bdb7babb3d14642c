import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pool } from 'pg';
import { definePartner, partner } from '../definitions/definition.ts';
import { observeLimits } from '../limits/watch/observe.ts';
import { readLimits } from '../limits/watch/usage.ts';
import { listRuns, nextGeneration, showRun } from '../store/inspect/inspect.ts';
import { forcedGeneration, listBackfills, pastRuns, readWindows } from '../store/inspect/inspect-backfills.ts';
import { pendingMigrations } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { openRuns, openStreamRuns } from '../store/ledger/open-runs.ts';
import { readPauses } from '../store/pauses.ts';
import { readQuarantine } from '../store/quarantine/quarantine.ts';
import { retryBasis } from '../store/ledger/retry.ts';
import { statusOfStreams } from '../store/inspect/stream-status.ts';
import { LONG_PAST, middleOf, writePast, type Past } from './past.ts';
import { plainNames } from '../messages/names.ts';

/** As people call them. */
const commands = [
  'runs list',
  `runs show ${middleOf(LONG_PAST).run}`,
  'status',
  'quarantine list',
  'backfill list',
  'doctor',
] as const;

/** The medians of whole commands in s, the start of Node and the connections among it; `--version` is the least. */
export async function measureCommands(
  env: Readonly<Record<string, string>>,
  say: (line: string) => void,
): Promise<Readonly<Record<string, number>>> {
  const figures: Record<string, number> = {};
  for (const command of ['--version', ...commands]) {
    const call = async (): Promise<unknown> =>
      promisify(execFile)(process.execPath, ['dist/cli/main.js', ...command.split(' ')], {
        env: { ...process.env, ...env },
        // Doctor ends with 1 where something is wrong: here no worker runs.
      }).catch((error: unknown) => (command === 'doctor' ? undefined : Promise.reject(error as Error)));
    const took = (await medianOf(call, 5)) / 1000;
    say(`syncline ${command}: ${took.toFixed(2)} s`);
    figures[`inspect_command ${command} s`] = Number(took.toFixed(2));
  }
  return figures;
}

/** Definitions of the partners of a past. */
export async function writeDefinitions(dir: string, { partners, streams }: Past): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (let p = 1; p <= partners; p++) {
    const own = Array.from({ length: streams }, (_, s) => `  s${s + 1}: ${STREAM}`);
    await writeFile(
      join(dir, `p${p}.yaml`),
      [`name: p${p}`, `baseUrl: https://p${p}.example`, LIMITS, 'streams:', ...own, ''].join('\n'),
    );
  }
}

const LIMITS = 'limits: { rate: 10, burst: 10, quotas: [{ name: daily, limit: 10000, per: day }] }';
const STREAM =
  '{ path: /records, primaryKey: [id], freshness: 26h, schema: { type: object, properties: { id: { type: string } } } }';

export interface Inspection {
  readonly name: string;
  readonly ask: (pool: Pool) => Promise<unknown>;
}

/** What people and workers ask of the ledger, of a past that writePast wrote. */
export function inspections(past: Past): readonly Inspection[] {
  const { run, stream, day } = middleOf(past);
  const first = { partner: 'p1', stream: 's1' } as const;
  const acme = somePartner();
  const hours = '2020-12-31T00..2020-12-31T23';
  return [
    { name: 'runs list', ask: (pool) => listRuns(pool, { limit: 20 }) },
    { name: 'runs list --partner', ask: (pool) => listRuns(pool, { partner: 'p7', limit: 20 }) },
    { name: 'runs list --outcome failed', ask: (pool) => listRuns(pool, { outcome: 'failed', limit: 20 }) },
    { name: 'runs list --outcome suspect: none', ask: (pool) => listRuns(pool, { outcome: 'suspect', limit: 20 }) },
    { name: 'runs list --outcome running', ask: (pool) => listRuns(pool, { outcome: 'running', limit: 20 }) },
    {
      name: 'runs list --partner --outcome',
      ask: (pool) => listRuns(pool, { partner: 'p7', outcome: 'failed', limit: 20 }),
    },
    { name: 'runs show, a run', ask: (pool) => showRun(pool, run) },
    { name: 'runs show, a stream of one', ask: (pool) => showRun(pool, stream) },
    { name: 'runs retry: what it was to do', ask: (pool) => retryBasis(pool, plainNames, run) },
    { name: 'status, freshness', ask: (pool) => statusOfStreams(pool) },
    { name: 'status: limits of a partner', ask: (pool) => readLimits(pool, acme) },
    { name: 'status: pauses', ask: (pool) => readPauses(pool) },
    { name: 'quarantine list', ask: (pool) => readQuarantine(pool, { status: 'held', limit: 50 }) },
    { name: 'quarantine list --all', ask: (pool) => readQuarantine(pool, { limit: 50 }) },
    {
      name: 'quarantine list PARTNER',
      ask: (pool) => readQuarantine(pool, { partner: 'p7', status: 'held', limit: 50 }),
    },
    {
      name: 'quarantine list PARTNER STREAM',
      ask: (pool) => readQuarantine(pool, { ...first, status: 'held', limit: 50 }),
    },
    { name: 'quarantine show', ask: (pool) => readQuarantine(pool, { ...first, id: '2.0', limit: 1 }) },
    { name: 'backfill list', ask: (pool) => listBackfills(pool, { limit: 20 }) },
    { name: 'backfill list --partner', ask: (pool) => listBackfills(pool, { partner: 'p7', limit: 20 }) },
    {
      name: 'backfill show: its windows',
      ask: (pool) => readWindows(pool, { ...first, windows: hoursOf('2020-12-31') }),
    },
    { name: 'backfill --dry-run: the past', ask: (pool) => pastRuns(pool, { ...first, windowMs: 3_600_000 }) },
    {
      name: 'backfill --force',
      ask: (pool) => forcedGeneration(pool, { partner: 'p1', window: hours, firstId: `backfill/p1/s1/${hours}/1h` }),
    },
    { name: 'sync --force', ask: (pool) => nextGeneration(pool, { partner: 'p1', window: day }) },
    { name: 'what goes on of a partner', ask: (pool) => openRuns(pool, 'p5') },
    { name: 'its streams that go on', ask: (pool) => openStreamRuns(pool, { partner: 'p5' }) },
    { name: 'a look of the governor', ask: (pool) => observeLimits(pool, acme) },
    { name: 'doctor: the database', ask: pendingMigrations },
  ];
}

const hoursOf = (day: string): string[] => Array.from({ length: 24 }, (_, hour) => `${day}T${hour}`);

const somePartner = () =>
  partner.parse(
    definePartner({
      name: 'p1',
      baseUrl: 'https://p1.example',
      limits: { rate: 10, burst: 10, quotas: [{ name: 'daily', limit: 10_000, per: 'day' }] },
      streams: {
        s1: { path: '/s1', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } },
      },
    }),
  );

const TIMES = 25;

/** The median of each in ms, on warm caches, beside one row by its key: the least that a question can take. */
export async function measureInspection(
  databaseUrl: string,
  say: (line: string) => void,
  past: Past = LONG_PAST,
): Promise<Readonly<Record<string, number>>> {
  const pool = openPool(databaseUrl, 5);
  try {
    const { rows } = await pool.query<{ runs: string }>('select count(*) as runs from runs');
    if (rows[0]?.runs === '0') await writePast(pool, past);
    const { run } = middleOf(past);
    const oneRow = (): Promise<unknown> => pool.query('select * from runs where run_id = $1', [run]);
    const figures: Record<string, number> = {};
    for (const { name, ask } of inspections(past)) {
      // By turns: what else the machine does then slows both down.
      const least: number[] = [];
      const took = await medianOf(
        () => ask(pool),
        TIMES,
        async () => {
          const startedAt = performance.now();
          await oneRow();
          least.push(performance.now() - startedAt);
        },
      );
      const ratio = took / middle(least);
      say(
        `${name.padEnd(34)} ${took.toFixed(2).padStart(8)} ms, one run by its id ${middle(least).toFixed(2)} ms: ${ratio.toFixed(1)}`,
      );
      figures[`inspect ${name} ms`] = Number(took.toFixed(2));
      figures[`inspect ${name} ratio`] = Number(ratio.toFixed(1));
    }
    return figures;
  } finally {
    await pool.end();
  }
}

async function medianOf(
  work: () => Promise<unknown>,
  times = TIMES,
  before: () => Promise<unknown> = async () => {},
): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    await before();
    const startedAt = performance.now();
    await work();
    if (n > 1) took.push(performance.now() - startedAt);
  }
  return middle(took);
}

const middle = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;
