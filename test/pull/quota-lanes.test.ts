import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { limitsSet } from '../../cli/commands/limits.ts';
import { HOUR } from '../../core/duration.ts';
import type { Lane } from '../../core/names.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Arrival } from '../../simulator/judge/arrivals.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { said } from '../support/said.ts';
import { sideBySide } from '../support/side-by-side.ts';

const SCALE = long ? 1 : 0.2;
const QUOTA = 500 * SCALE;
const SIZE = 2;
const pages = {
  critical1: 100 * SCALE,
  critical2: 100 * SCALE,
  critical3: 100 * SCALE,
  critical4: 100 * SCALE,
  normal: 350 * SCALE,
  backfill: 250 * SCALE,
};

let bench: PullBench;
const judges: JudgeProcess[] = [];
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(async () => {
  await Promise.all(judges.map((judge) => judge.close()));
  await bench.close();
});

const scenario = sideBySide(2);

async function newJudge(): Promise<JudgeProcess> {
  const judge = await startJudge();
  judges.push(judge);
  return judge;
}

const stream = (name: string, lane: Lane): StreamInput => ({
  path: `/s/${name}`,
  query: { size: SIZE },
  records: 'data',
  primaryKey: ['id'],
  lane,
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } },
});

/** Windows begin at whole multiples of their length since 1970: one that ends long after the test, whenever that begins. */
const endsLater = (nowMs: number): number =>
  [1, 1.5, 2, 2.5, 3].map((hours) => hours * HOUR).find((ms) => nowMs % ms < ms - HOUR / 4) ?? HOUR;

describe(`a quota of ${QUOTA} calls where four fifths of them are critical, and more than it are not`, () => {
  scenario(
    'lets the critical streams end; the others have the rest, are deferred and go on when there is more',
    async () => {
      const judge = await newJudge();
      const windowMs = endsLater(Date.now());
      const allow = (limit: number): Promise<void> =>
        judge.configure({
          judges: [{ kind: 'dailyQuota', limit, windowMs }],
          streams: Object.fromEntries(Object.entries(pages).map(([name, count]) => [name, { pages: count }])),
        });
      await allow(QUOTA);
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
          limits: { quotas: [{ name: 'daily', limit: QUOTA, per: `${windowMs / 60_000}m` }] },
        },
      });
      const syncing = partner.sync();
      expect(await eventually(async () => (await waiting(partner)).length === 2)).toBe(true);
      expect(await waiting(partner)).toEqual(['backfill', 'normal']);
      const first = await judge.arrivals();
      expect(isOf(first, 'critical')).toHaveLength(400 * SCALE);
      // What critical work does not need is not wasted.
      expect(first).toHaveLength(QUOTA);
      expect(await judge.report()).toMatchObject({ refused: 0 });

      await allow(1000 * SCALE);
      await said(bench.config, { reason: 'they gave more' }, (context) =>
        limitsSet({ ...context, partner: partner.name, bucket: 'daily', value: `${1000 * SCALE}` }),
      );
      const report = await syncing;
      expect(report.outcome).toBe('ok');
      expect(await judge.report()).toMatchObject({ refused: 0 });
      // Nothing lost, nothing fetched twice.
      expect(first.length + (await judge.arrivals()).length).toBe(1000 * SCALE);
      for (const each of report.streams)
        expect(each).toMatchObject({ counts: { inserted: SIZE * pages[each.stream as keyof typeof pages] } });
    },
  );
});

describe('a quota that is used up before the stream is read', () => {
  scenario('defers it to the reset, where it goes on by itself', async () => {
    const [limit, calls, windowMs] = [4, 10, 4000];
    const judge = await newJudge();
    await judge.configure({ judges: [{ kind: 'dailyQuota', limit, windowMs }], streams: { normal: { pages: calls } } });
    const partner = await bench.partner({
      streams: { normal: stream('normal', 'normal') },
      partner: {
        baseUrl: judge.url,
        auth: { type: 'bearer', token: 'small-token' },
        limits: { quotas: [{ name: 'daily', limit, per: `${windowMs / 1000}s` }] },
      },
    });
    expect(await partner.sync()).toMatchObject({ outcome: 'ok', counts: { inserted: SIZE * calls } });
    expect(await judge.report()).toMatchObject({ refused: 0, requests: calls });
  });
});

const isOf = (arrivals: readonly Arrival[], name: string): readonly Arrival[] =>
  arrivals.filter((arrival) => arrival.stream.startsWith(name));

/** Streams whose run says that it is deferred for long. */
async function waiting(partner: BenchPartner): Promise<readonly string[]> {
  const { rows } = await bench.pool.query<{ name: string }>(
    `select s.name from stream_runs r join streams s using (stream_id)
      where s.partner = $1 and r.deferred_until > now() + interval '1 minute' order by 1`,
    [partner.name],
  );
  return rows.map(({ name }) => name);
}
