import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import {
  askBackfill,
  cancelBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
  startBackfill,
  type StartBackfill,
} from '../../client/start-backfill.ts';
import type { BackfillReport } from '../../messages/backfill.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import type { Row } from '../../simulator/records.ts';
import { eventually } from '../support/eventually.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';
import { digestOf, tableRows } from '../support/table-rows.ts';
import { plainNames } from '../../messages/names.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const payments = {
  ...streams.payments,
  incremental: {
    field: 'updated_at',
    start: { as: 'updated_since' },
    end: { as: 'updated_until' },
    // Windows of a backfill do not reach back.
    lookback: '1h',
  },
} satisfies StreamInput;

const plan = { from: '2024-05-01', to: '2024-05-12', chunk: '1d', zone: null, order: 'oldest' } as const;
const DAYS = 12;

interface Scene {
  readonly partner: BenchPartner;
  readonly asked: StartBackfill;
  /** Starts it, or joins it, and waits for its end. */
  read(change?: Partial<StartBackfill>): Promise<BackfillReport | { readonly failure: string }>;
}

async function backfill(faults: readonly FaultInput[] = [], latencyMs = 0): Promise<Scene> {
  const partner = await bench.partner({
    simulator: { now: '2024-06-01T00:00:00Z', payments: 2000, faults, latencyMs },
    streams: { payments, everything: streams.payments },
    // With limits, two pages at most are on their way.
    partner: { limits: { rate: 500, burst: 50 } },
  });
  const asked = { partner: partner.name, stream: 'payments', plan, concurrency: 2, generation: 1 };
  return {
    partner,
    asked,
    read: async (change) =>
      reportOfBackfill((await startBackfill(bench.client, plainNames, { ...asked, ...change })).handle),
  };
}

const within =
  (from: string, to: string) =>
  ({ updated_at }: Row): boolean =>
    String(updated_at) >= from && String(updated_at) < to;

const held = (partner: BenchPartner): object =>
  digestOf(partner.simulator.truth('payments').filter(within('2024-05-01', '2024-05-13')));

const landed = async (partner: BenchPartner): Promise<object> =>
  digestOf(await tableRows(bench.pool, partner.name, 'payments'));

/** The windows that were asked for, in order, each as often as its first page was. */
const asked = (partner: BenchPartner): string[] =>
  partner.simulator
    .requests()
    .map(({ path }) => new URL(path, 'http://any').searchParams)
    .filter((query) => !query.has('cursor'))
    .map((query) => String(query.get('updated_since')).slice(0, 10));

const days = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `2024-05-${String(from + i).padStart(2, '0')}`);

const scenario = sideBySide(3);

describe('a backfill', () => {
  scenario('reads each window once, in its lane, and what was finished never again', async () => {
    const { partner, read, asked: job } = await backfill();
    const first = await read({ plan: { ...plan, to: '2024-05-06' }, concurrency: 1 });
    expect(first).toMatchObject({ outcome: 'ok', windows: 6, ok: 6, skipped: 0, left: 0 });
    expect(asked(partner)).toEqual(days(1, 6));

    const all = await read({ plan: { ...plan, order: 'newest' }, concurrency: 1 });
    expect(all).toMatchObject({ outcome: 'ok', windows: DAYS, ok: 6, skipped: 6, left: 0 });
    expect(asked(partner).slice(6)).toEqual(days(7, DAYS).toReversed());
    expect(await landed(partner)).toEqual(held(partner));

    expect((await startBackfill(bench.client, plainNames, { ...job, plan: { ...plan, order: 'newest' } })).state).toBe(
      'finished',
    );
    const { rows } = await bench.pool.query<{ kind: string; lane: string; count: string }>(
      `select kind, lane, count(*) from stream_runs r join streams s using (stream_id) where s.partner = $1 group by 1, 2`,
      [partner.name],
    );
    expect(rows).toEqual([{ kind: 'backfill', lane: 'backfill', count: String(DAYS) }]);
  });

  scenario('forced, reads everything anew and changes nothing', async () => {
    const { partner, read } = await backfill();
    const short = { plan: { ...plan, to: '2024-05-03' } };
    await read(short);
    expect(await read({ ...short, generation: 2 })).toMatchObject({ outcome: 'ok', ok: 3, skipped: 0 });
    expect(asked(partner)).toHaveLength(6);
    const { rows } = await bench.pool.query<{ unchanged: string }>(
      `select sum(unchanged) as unchanged from stream_runs r join streams s using (stream_id) where s.partner = $1`,
      [partner.name],
    );
    expect(Number(rows[0]?.unchanged)).toBe(
      partner.simulator.truth('payments').filter(within('2024-05-01', '2024-05-04')).length,
    );
  });

  scenario('of a stream that cannot be asked for a time is refused, with what to do', async () => {
    const { read, partner } = await backfill();
    expect(await read({ stream: 'everything' })).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/streams\.everything\.incremental: expected a field of time .*syncline sync/),
    });
    expect(partner.simulator.requests()).toEqual([]);
  });
});

describe('a window that fails', () => {
  scenario(
    'stops no other, is named in the end, and is all that is read when the backfill is started again',
    async () => {
      const { partner, read } = await backfill([{ kind: 'status', status: 400, nth: 5 }]);
      expect(await read({ concurrency: 1 })).toMatchObject({
        outcome: 'partial',
        ok: DAYS - 1,
        failed: 1,
        left: 0,
        problems: [{ window: '2024-05-05..2024-05-05', outcome: 'failed', reason: expect.stringContaining('400') }],
        reason: expect.stringMatching(/^1 of its windows failed, the first of them 2024-05-05\.\.2024-05-05: /),
      });
      expect(asked(partner)).toEqual(days(1, DAYS));
      expect(await read()).toMatchObject({ outcome: 'ok', ok: 1, skipped: DAYS - 1, failed: 0 });
      expect(asked(partner).slice(DAYS)).toEqual(['2024-05-05']);
      expect(await landed(partner)).toEqual(held(partner));
    },
  );

  scenario('ten times in a row ends the backfill: the rest of the windows would do no better', async () => {
    const { partner, read } = await backfill([{ kind: 'status', status: 400 }]);
    const report = await read();
    expect(report).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^10 windows in a row have failed; start it again to go on with what is left; 1\d of/,
      ),
    });
    // The one that was being read beside the tenth ends as well.
    expect(asked(partner).length).toBeLessThanOrEqual(11);
  });
});

describe('a backfill that is stopped', () => {
  scenario('by a pause begins no further window, and goes on when it is resumed', async () => {
    const { partner, asked: job, read } = await backfill([], 100);
    const { runId } = await startBackfill(bench.client, plainNames, job);
    await eventually(() => partner.simulator.requests().length >= 4);
    await pauseBackfill(bench.client, runId, { now: false });
    await eventually(async () => (await askBackfill(bench.client, runId))?.running.length === 0);
    const paused = await askBackfill(bench.client, runId);
    expect(paused).toMatchObject({ paused: true, running: [], failed: 0, windows: DAYS });
    expect(paused?.ok).toBe(asked(partner).length);
    expect(paused?.left).toBe(DAYS - (paused?.ok ?? 0));
    expect(paused?.left).toBeGreaterThan(0);
    expect(paused?.estimate.requests).toBeGreaterThanOrEqual(paused?.left ?? 0);

    await resumeBackfill(bench.client, runId);
    expect(await read()).toMatchObject({ outcome: 'ok', ok: DAYS, skipped: 0 });
    expect(asked(partner)).toHaveLength(DAYS);
    expect(await landed(partner)).toEqual(held(partner));
  });

  scenario.each<[string, (runId: string) => Promise<unknown>]>([
    [
      'a pause at once',
      async (runId) => {
        await pauseBackfill(bench.client, runId, { now: true });
        return eventually(async () => (await askBackfill(bench.client, runId))?.running.length === 0);
      },
    ],
    [
      'being cancelled',
      async (runId) => {
        await cancelBackfill(bench.client, runId);
        return bench.client.workflow
          .getHandle(runId)
          .result()
          .catch(() => {});
      },
    ],
  ])('by %s stops windows between two pages, and loses none', async (_, stop) => {
    const { partner, read, asked: some } = await backfill([], 100);
    // Two windows of some thirty pages.
    await partner.define({ streams: { payments: { ...payments, query: { limit: 1 } } } });
    const job = { ...some, plan: { ...plan, chunk: '6d' } };
    const { runId } = await startBackfill(bench.client, plainNames, job);
    await eventually(() => asked(partner).length === 2 && partner.simulator.requests().length >= 10);
    await stop(runId);
    const stoppedAt = partner.simulator.requests().length;
    const { rows } = await bench.pool.query<{ state: string }>(
      `select state from stream_runs r join streams s using (stream_id) where s.partner = $1 and state <> 'done'`,
      [partner.name],
    );
    expect(rows.map(({ state }) => state)).toEqual(['failed', 'failed']);

    partner.simulator.set({ latencyMs: 0 });
    await resumeBackfill(bench.client, runId).catch(() => {});
    expect(await read({ plan: job.plan })).toMatchObject({ outcome: 'ok', ok: 2, failed: 0 });
    expect(await landed(partner)).toEqual(held(partner));
    const pages = await bench.pool.query<{ count: string }>(
      `select count(*) from pages p join streams s using (stream_id) where s.partner = $1`,
      [partner.name],
    );
    expect(stoppedAt).toBeLessThan(Number(pages.rows[0]?.count));
    // What was on its way when they were stopped is asked for again.
    expect(partner.simulator.requests().length - Number(pages.rows[0]?.count)).toBeLessThanOrEqual(4);
  });
});
