import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { HOUR } from '../../core/duration.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Row } from '../../simulator/records.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { BenchPartner, PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';
import { digestOf, tableRows } from '../support/table-rows.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

/** The world ends long before now: a time in the future would move no watermark. */
const simulator = { now: '2024-06-01T00:00:00Z' };

const payments = {
  ...streams.payments,
  incremental: {
    field: 'updated_at',
    start: { as: 'updated_since' },
    end: { as: 'updated_until' },
    lookback: '1h',
    initial: '2020-01-01T00:00:00Z',
  },
} satisfies StreamInput;

const updatedAt = (row: Row): string => String(row['updated_at']);
const newest = (partner: BenchPartner): string =>
  partner.simulator.truth('payments').map(updatedAt).toSorted().at(-1) ?? '';
const between = (partner: BenchPartner, from: string, to: string): readonly Row[] =>
  partner.simulator.truth('payments').filter((row) => updatedAt(row) >= from && updatedAt(row) < to);

/** The ranges that were asked for, each once, in order. */
function rangesAsked(partner: BenchPartner, skip = 0): readonly (readonly [string | null, string | null])[] {
  const asked = partner.simulator
    .requests()
    .slice(skip)
    .map(({ path }) => {
      const { searchParams } = new URL(path, 'http://any');
      return JSON.stringify([searchParams.get('updated_since'), searchParams.get('updated_until')]);
    });
  return [...new Set(asked)].map((text) => JSON.parse(text) as [string | null, string | null]);
}

describe('a stream that is read by time', () => {
  scenario('begins at its initial time and then reads from the watermark, less the lookback', async () => {
    const { partner, report } = await bench.partner({ simulator, streams: { payments } }).then(async (each) => ({
      partner: each,
      report: await each.sync({ window: '2024-06-01' }),
    }));
    expect(streamReport(report, 'payments')).toMatchObject({ outcome: 'ok', counts: { fetched: 200, inserted: 200 } });
    expect(rangesAsked(partner)).toEqual([['2020-01-01T00:00:00.000Z', '2024-06-02T00:00:00.000Z']]);
    const watermark = newest(partner);

    partner.simulator.mutate({ change: 30, add: 10, at: '2024-06-02T10:00:00Z' });
    const before = partner.simulator.requests().length;
    const second = streamReport(await partner.sync({ window: '2024-06-02' }), 'payments');
    const from = new Date(Date.parse(watermark) - HOUR).toISOString();
    expect(rangesAsked(partner, before)).toEqual([[from, '2024-06-03T00:00:00.000Z']]);
    const fetched = between(partner, from, '2024-06-03').length;
    expect(second.counts).toMatchObject({ fetched, inserted: 10, updated: 30, unchanged: fetched - 40, conflicts: 0 });
    expect(fetched).toBeLessThan(200);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('finds records that come later with the very time of the watermark, without any lookback', async () => {
    const exact = { ...payments, incremental: { ...payments.incremental, lookback: '0s' } };
    const partner = await bench.partner({ simulator, streams: { payments: exact } });
    await partner.sync({ window: '2024-06-01' });
    const watermark = newest(partner);
    partner.simulator.mutate({ add: 1, at: watermark });
    expect(between(partner, watermark, '2024-06-03').length).toBeGreaterThan(1);
    const second = streamReport(await partner.sync({ window: '2024-06-02' }), 'payments');
    expect(second.counts).toMatchObject({ inserted: 1, updated: 0 });
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('loses none of many records with equal times, split over pages, grants and runs', async () => {
    const tiny = { ...payments, query: { limit: 2 } };
    const partner = await bench.partner({
      simulator: { ...simulator, payments: 20 },
      streams: { payments: tiny },
      partner: { grant: { requests: 3 } },
    });
    await partner.sync({ window: '2024-06-01' });
    for (const window of ['2024-06-02', '2024-06-03']) {
      for (let n = 0; n < 5; n++) partner.simulator.mutate({ add: 1, at: `${window}T12:00:00.000001Z` });
      expect((await partner.sync({ window })).outcome).toBe('ok');
    }
    const times = partner.simulator.truth('payments').map(updatedAt);
    expect(times.length - new Set(times).size).toBeGreaterThanOrEqual(8);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('reads a missed night later, since it goes on from the watermark', async () => {
    const partner = await bench.partner({ simulator, streams: { payments } });
    await partner.sync({ window: '2024-06-01' });
    partner.simulator.mutate({ add: 3, at: '2024-06-02T10:00:00Z' });
    partner.simulator.mutate({ add: 4, at: '2024-06-05T10:00:00Z' });
    expect((await partner.sync({ window: '2024-06-05' })).counts.inserted).toBe(7);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('moves no watermark in a run that failed', async () => {
    const partner = await bench.partner({ simulator, streams: { payments } });
    await partner.sync({ window: '2024-06-01' });
    partner.simulator.mutate({ change: 60, add: 10, at: '2024-06-02T10:00:00Z' });
    partner.simulator.set({ faults: [{ kind: 'status', status: 400, nth: 3 }] });
    expect((await partner.sync({ window: '2024-06-02' })).outcome).toBe('failed');
    expect((await partner.sync({ window: '2024-06-03' })).outcome).toBe('ok');
    await expectTruth(bench.pool, partner, 'payments');
  });
});

describe('a range', () => {
  const label = '2024-03-01..2024-03-31';
  const [from, to] = ['2024-03-01', '2024-04-01'];

  scenario('is read as given, less the lookback, and moves no watermark: the next day reads all there is', async () => {
    const partner = await bench.partner({ simulator, streams: { payments } });
    expect((await partner.sync({ window: label })).outcome).toBe('ok');
    expect(rangesAsked(partner)).toEqual([['2024-02-29T23:00:00.000Z', '2024-04-01T00:00:00.000Z']]);
    const rows = between(partner, '2024-02-29T23', to);
    expect(rows.length).toBeGreaterThan(5);
    expect(digestOf(await tableRows(bench.pool, partner.name, 'payments'))).toEqual(digestOf(rows));

    await partner.sync({ window: '2024-06-01' });
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('is cut into slices without gap or overlap', async () => {
    const sliced = { ...payments, slice: '7d', incremental: { ...payments.incremental, lookback: '0s' } };
    const partner = await bench.partner({
      simulator,
      streams: { payments: sliced },
      partner: { grant: { requests: 2 } },
    });
    expect((await partner.sync({ window: label })).outcome).toBe('ok');
    const bounds = ['2024-03-01', '2024-03-08', '2024-03-15', '2024-03-22', '2024-03-29', '2024-04-01'].map(
      (day) => `${day}T00:00:00.000Z`,
    );
    // Side by side: the order is that of the answers.
    expect(rangesAsked(partner).map(String).toSorted()).toEqual(bounds.slice(1).map((end, i) => `${bounds[i]},${end}`));
    expect(digestOf(await tableRows(bench.pool, partner.name, 'payments'))).toEqual(
      digestOf(between(partner, from, to)),
    );
  });

  scenario('that is none fails at once and says what it should be', async () => {
    const partner = await bench.partner({ simulator, streams: { payments } });
    await expect(partner.sync({ window: '2024-02-30' })).rejects.toThrow(
      'expected a day (2026-11-24 or 2026-11-24@Europe/Berlin)',
    );
    expect(partner.simulator.requests()).toEqual([]);
  });
});
