import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { judge, type WeekSample } from '../../bench/soak/judge.ts';
import { beyondTheirTime, sweepAll } from '../../bench/soak/kept.ts';
import type { ProcessSample } from '../../bench/soak/process-sample.ts';
import { findingsOf, linesOf, warmUpOf, type SoakWeek } from '../../bench/soak/report.ts';
import { mannKendall, theilSen, trendOf } from '../../bench/soak/trend.ts';
import { randomOf } from '../../simulator/random.ts';
import { sweepKeys } from '../../store/idempotency/complete-keys.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { sweepDeliveries } from '../../store/webhooks/deliveries.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const long = process.env['SYNCLINE_TEST_LONG'] === '1';
const WEEKS = 60;

/** Up and down by `noise`, rising by `slope` each week. */
const noisy = (seed: number, { slope = 0, noise = 5 } = {}): readonly number[] => {
  const random = randomOf(seed);
  return Array.from({ length: WEEKS }, (_, week) => 200 + slope * week + noise * (random() * 2 - 1));
};

const grows = (values: readonly number[]): boolean => trendOf({ name: 'heap', values, slack: 10 }).grows;

describe('a trend', () => {
  test('is what the median of all slopes says, whatever a few weeks do', () => {
    expect(theilSen([1, 3, 5, 7, 9])).toBe(2);
    expect(theilSen([1, 3, 500, 7, 9, 11])).toBeCloseTo(2);
    expect(theilSen([4])).toBe(0);
  });

  // S = 8 of 10 pairs, variance 16.67: https://en.wikipedia.org/wiki/Mann-Kendall_trend_test
  test('is told from chance', () => {
    expect(mannKendall([1, 2, 4, 3, 5])).toBeCloseTo(7 / Math.sqrt(50 / 3));
    expect(mannKendall([5, 5, 5, 5, 5])).toBe(0);
    expect(mannKendall([1, 2, 3])).toBe(0);
  });

  test('of a leak is seen in each of a hundred noisy series, and in none of a hundred that only vary', () => {
    const seeds = Array.from({ length: 100 }, (_, seed) => seed);
    expect(seeds.filter((seed) => !grows(noisy(seed, { slope: 0.5 })))).toEqual([]);
    expect(seeds.filter((seed) => grows(noisy(seed)))).toEqual([]);
  });

  test('is none where it fell, or where a step was followed by nothing', () => {
    const step = Array.from({ length: WEEKS }, (_, week) => (week < 2 ? 100 : 200));
    expect(trendOf({ name: 'step', values: step, slack: 10 })).toMatchObject({ grows: false, slope: 0 });
    expect(trendOf({ name: 'fall', values: noisy(1, { slope: -2 }), slack: 10 }).grows).toBe(false);
  });
});

const still: ProcessSample = {
  ...{
    rssMb: 200,
    heapMb: 60,
    threadsHeapMb: 30,
    externalMb: 5,
    committedMb: 110,
    nativeMb: 40,
    threads: 12,
    fds: 30,
    sockets: 12,
    files: 0,
  },
  resources: { TCPSocketWrap: 9, Timeout: 4 },
};

const weekWith = (week: number, sample: WeekSample, more: Partial<SoakWeek> = {}): SoakWeek => ({
  week: week + 1,
  seconds: 60,
  nights: [{ day: '1990-01-01', outcome: 'ok', faults: [], kills: 0, reasons: [] }],
  drifts: [],
  stays: [],
  problems: [],
  sample,
  ...more,
});

const weeksOf = (sampleAt: (week: number) => WeekSample): readonly SoakWeek[] =>
  Array.from({ length: WEEKS }, (_, week) => weekWith(week, sampleAt(week)));

describe('the report', () => {
  test('of weeks like each other finds nothing, also where what is meant to grow grows', () => {
    const weeks = weeksOf((week) => ({
      processes: { worker: still },
      store: { 'rows syncline.runs': 8 * week, 'rows soak.events': 21 * week, 'rows syncline.leases': week % 3 },
    }));
    expect(findingsOf(weeks)).toEqual([]);
    expect(linesOf(weeks, []).join('\n')).toContain('No drift, no leak, nothing stays.');
  });

  test.each<[string, (week: number) => WeekSample]>([
    [
      'worker Timeout',
      (week) => ({ processes: { worker: { ...still, resources: { Timeout: 4 + week } } }, store: {} }),
    ],
    ['ui heap MB', (week) => ({ processes: { ui: { ...still, heapMb: 60 + week / 3 } }, store: {} })],
    ['worker native MB', (week) => ({ processes: { worker: { ...still, nativeMb: 40 + week } }, store: {} })],
    ['ingest open sockets', (week) => ({ processes: { ingest: { ...still, sockets: 12 + week } }, store: {} })],
    ['workflows deliverAlert', (week) => ({ processes: {}, store: { 'workflows deliverAlert': week } })],
    ['rows syncline.leases', (week) => ({ processes: {}, store: { 'rows syncline.leases': 3 * week } })],
    // Not there at all in the first weeks.
    ['tables', (week) => ({ processes: {}, store: week < 25 ? {} : { tables: week } })],
  ])('says that %s grows, and nothing else', (name, sampleAt) => {
    const weeks = weeksOf(sampleAt);
    const { growing } = judge(weeks.slice(warmUpOf(WEEKS)).map(({ sample }) => sample));
    expect(growing.map((trend) => trend.name)).toEqual([name]);
    expect(findingsOf(weeks)).toEqual([expect.stringMatching(new RegExp(`^grows: ${name}, from .* a week`))]);
  });

  test('does not count rows that are kept for a time', () => {
    const weeks = weeksOf((week) => ({ processes: {}, store: { 'rows syncline.idempotency': 5 * week } }));
    expect(findingsOf(weeks)).toEqual([]);
    expect(linesOf(weeks, []).join('\n')).toMatch(/rows syncline\.idempotency .* grows: kept for a minute/);
  });

  test('names what differs, what stays and what else went wrong', () => {
    const sample: WeekSample = { processes: {}, store: {} };
    const drift = { table: 'mart soak.payments', missing: ['pay_1'], tooMany: [], other: ['expected 1, found 2'] };
    const week = weekWith(0, sample, {
      drifts: [drift],
      stays: ['leases that hold a slot: 2'],
      problems: ['ui has ended'],
    });
    expect(findingsOf([week])).toEqual([
      'week 1: mart soak.payments differs from what its sender holds; lacks 1 (pay_1); 1 differ: expected 1, found 2',
      'week 1: stays at rest: leases that hold a slot: 2',
      'week 1: ui has ended',
    ]);
  });
});

describe('rows that are kept for a time', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await freshDatabase();
    pool = openPool(database.url, 1);
  });
  afterAll(async () => {
    await pool?.end();
    await database?.drop();
  });

  /** A key of a request that was made so long ago, and is kept for so long. */
  const insertKey = (
    key: string,
    { agoS, keptS }: { readonly agoS: number; readonly keptS: number },
  ): Promise<unknown> =>
    pool.query(
      `insert into idempotency (caller, operation, key, fingerprint, status, created_at, expires_at)
        select 'shop', 'push', $1, '', 202, at, at + $3::float8 * interval '1 second'
          from (select clock_timestamp() - $2::float8 * interval '1 second' as at) n`,
      [key, agoS, keptS],
    );

  test('are no finding within it, however many they are, nor when they are swept after it', async () => {
    for (let n = 0; n < 100; n += 1) await insertKey(`new ${n}`, { agoS: 1, keptS: 60 });
    await insertKey('old', { agoS: 3600, keptS: 60 });
    await pool.query(
      `insert into limit_samples (credential, bucket, period, at, used)
        select 'c', 'day', now(), now() - n * interval '1 minute', n from generate_series(1, 110) n`,
    );
    await pool.query(
      `insert into alerts (key, rule, severity, since, first_seen_at, opened_at, last_seen_at, resolved_at, summary, meaning, what_to_do, runbook)
        select 'k' || n, 'late', 'page', at, at, at, at, at, '', '', '', '' from generate_series(1, 3) n, (select now() - interval '1 hour' as at) o`,
    );
    await sweepAll(pool);
    expect(await beyondTheirTime(pool)).toEqual([]);
    const { rows } = await pool.query(
      'select (select count(*)::int from idempotency) as keys, (select count(*)::int from alerts) as alerts',
    );
    expect(rows).toEqual([{ keys: 100, alerts: 0 }]);
  });

  test('go when it is over, however many have come', async () => {
    await pool.query(
      `insert into idempotency (caller, operation, key, fingerprint, status, created_at, expires_at)
        select 'shop', 'push', 'many ' || n, '', 202, now() - interval '1 hour', now() - interval '59 minutes' from generate_series(1, 12000) n`,
    );
    await pool.query(
      `insert into webhook_deliveries (partner, webhook, delivery_id, body_hash, state, received_at)
        select 'acme', 'changes', n::text, '', 'taken', now() - interval '31 days' from generate_series(1, 12000) n`,
    );
    const stopped = AbortSignal.abort();
    expect(await sweepKeys(pool, stopped)).toBe(5000);
    expect([await sweepKeys(pool), await sweepDeliveries(pool)]).toEqual([7000, 12_000]);
    expect(await beyondTheirTime(pool)).toEqual([]);
  });

  test('are one, each of them, once they stay for longer', async () => {
    // As if their end had been written wrong: nothing sweeps them.
    await insertKey('leak 1', { agoS: 3600, keptS: 1e6 });
    await insertKey('leak 2', { agoS: 7200, keptS: 1e6 });
    await pool.query(
      "insert into limit_samples (credential, bucket, period, at, used) values ('rotated', 'day', now(), now() - interval '3 hours', 1)",
    );
    await sweepAll(pool);
    expect(await beyondTheirTime(pool)).toEqual([
      'rows of syncline.idempotency that are older than they may be: 2',
      'rows of syncline.limit_samples that are older than they may be: 1',
    ]);
  });
});

(long ? describe : describe.skip)('in full', () => {
  test('a week holds, and a value that somebody has changed in the next one is found', async () => {
    const folder = await temporaryFolder();
    const out = join(folder.path, 'report.json');
    try {
      const args = ['--import', 'tsx', 'bench/soak.ts', '--weeks', '2', '--seed', '5', '--tamper', '--out', out];
      const code = await new Promise<number>((resolve) => {
        const child = execFile(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } });
        child.once('exit', (ended) => resolve(ended ?? -1));
      });
      const { findings } = JSON.parse(await readFile(out, 'utf8')) as { findings: string[] };
      expect(findings).toEqual([
        expect.stringMatching(/^week 2: store soak\.customers differs .*; 1 differ: .*"email":"tampered"/),
      ]);
      expect(code).toBe(1);
    } finally {
      await folder.remove();
    }
  }, 600_000);
});
