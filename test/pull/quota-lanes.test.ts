import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '../../core/names.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Arrival } from '../../simulator/judge/arrivals.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import { long } from '../support/long.ts';
import { openPullBench } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';

const WINDOW_MS = 20_000;
/** A slow machine that does other things as well comes through half as many calls within a window. */
const SCALE = long ? 1 : 0.5;
const QUOTA = 500 * SCALE;
const SIZE = 2;
/** Several critical ones side by side: one alone would have to come through its pages within the window, however slow the machine. */
const pages = {
  critical1: 100 * SCALE,
  critical2: 100 * SCALE,
  critical3: 100 * SCALE,
  critical4: 100 * SCALE,
  normal: 350 * SCALE,
  backfill: 250 * SCALE,
};

let bench: PullBench;
let judge: JudgeProcess;
beforeAll(async () => {
  [bench, judge] = await Promise.all([openPullBench(), startJudge()]);
});
afterAll(async () => {
  await judge.close();
  await bench.close();
});

const stream = (name: string, lane: Lane): StreamInput => ({
  path: `/s/${name}`,
  query: { size: SIZE },
  records: 'data',
  primaryKey: ['id'],
  lane,
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } },
});

describe(`a quota of ${QUOTA} calls where four fifths of them are critical, and more than it are not`, () => {
  test('lets the critical streams end first; the others are deferred and go on by themselves after the reset', async () => {
    await judge.configure({
      judges: [{ kind: 'dailyQuota', limit: QUOTA, windowMs: WINDOW_MS }],
      streams: Object.fromEntries(Object.entries(pages).map(([name, count]) => [name, { pages: count }])),
    });
    const partner = await bench.partner({
      streams: {
        // The least important first, so that nothing but their lanes puts them in order.
        backfill: stream('backfill', 'backfill'),
        normal: stream('normal', 'normal'),
        critical1: stream('critical1', 'critical'),
        critical2: stream('critical2', 'critical'),
        critical3: stream('critical3', 'critical'),
        critical4: stream('critical4', 'critical'),
      },
      partner: {
        baseUrl: judge.url,
        auth: { type: 'bearer', token: 'quota-token' },
        limits: { quotas: [{ name: 'daily', limit: QUOTA, per: `${WINDOW_MS / 1000}s` }] },
      },
    });
    // All of a window, from its beginning.
    await sleep(WINDOW_MS - (Date.now() % WINDOW_MS) + 200);
    const syncing = partner.sync();
    const waits = await seenWaiting(partner.name, syncing);
    const report = await syncing;
    const arrivals = await judge.arrivals();
    const { refused } = await judge.report();

    expect(report.outcome).toBe('ok');
    expect(refused).toBe(0);
    // Nothing lost, nothing fetched twice.
    expect(arrivals).toHaveLength(1000 * SCALE);
    for (const each of report.streams)
      expect(each).toMatchObject({ counts: { inserted: SIZE * pages[each.stream as keyof typeof pages] } });

    const windowOf = ({ atUs }: Arrival): number => Math.floor(atUs / (1000 * WINDOW_MS));
    const begun = Math.min(...arrivals.map(windowOf));
    const first = arrivals.filter((arrival) => windowOf(arrival) === begun);
    expect(isOf(first, 'critical')).toHaveLength(400 * SCALE);
    // What critical work does not need is not wasted.
    expect(first.length).toBeGreaterThan(0.95 * QUOTA);
    expect(waits).toEqual(expect.arrayContaining(['normal', 'backfill']));
    expect(waits.filter((name) => name.startsWith('critical'))).toEqual([]);
  }, 120_000);
});

const isOf = (arrivals: readonly Arrival[], name: string): readonly Arrival[] =>
  arrivals.filter((arrival) => arrival.stream.startsWith(name));

/** Streams whose run said that it is deferred to the reset, while it was. */
async function seenWaiting(partner: string, until: Promise<unknown>): Promise<readonly string[]> {
  const seen = new Set<string>();
  const ended = { value: false };
  void until.finally(() => (ended.value = true)).catch(() => {});
  while (!ended.value) {
    const { rows } = await bench.pool.query<{ name: string }>(
      `select s.name from stream_runs r join streams s using (stream_id)
        where s.partner = $1 and r.deferred_until > now() + interval '1 second'`,
      [partner],
    );
    for (const { name } of rows) seen.add(name);
    await sleep(100);
  }
  return [...seen];
}
