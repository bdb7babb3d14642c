import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import type { Replayed } from '../../activities/replay-quarantine.ts';
import { balances } from '../../core/counts.ts';
import { compileStream } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import type { QuarantinedRecord } from '../../store/quarantine/quarantine.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { BenchPartner, PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';
import { digestOf, tablePayloads, tableRows } from '../support/table-rows.ts';
import { plainNames } from '../../messages/names.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

/** Three of 200 payments come without their currency. */
const faults = [{ kind: 'malformed', field: 'currency', count: 3 }] as const;
const strict = { ...streams.payments, errorBudget: { count: 10, share: 0.02 } } satisfies StreamInput;
const required = strict.schema.required.filter((name) => name !== 'currency');
const lenient = { ...strict, schema: { ...strict.schema, required } } satisfies StreamInput;

const held = (partner: BenchPartner): Promise<QuarantinedRecord[]> =>
  readQuarantine(bench.pool, { partner: partner.name, stream: 'payments', status: 'held', limit: 100 });

async function replay(partner: BenchPartner, records: readonly QuarantinedRecord[]): Promise<Replayed> {
  const definition = await loadPartner(partner.name, { dir: bench.partnersDir, env: {} });
  const stream = compileStream(definition, 'payments', plainNames);
  return replayQuarantine(postgresWarehouse(bench.pool), { stream, held: records, nowMs: Date.now() });
}

async function everything(partner: BenchPartner): Promise<unknown> {
  const { rows } = await bench.pool.query(
    `select s.last_event, s.last_page, s.last_run, s.watermark,
        (select count(*) from events e where e.stream_id = s.stream_id) as events,
        (select count(*) from pages p where p.stream_id = s.stream_id) as pages
      from streams s where s.partner = $1`,
    [partner.name],
  );
  return [rows, digestOf(await tableRows(bench.pool, partner.name, 'payments'))];
}

describe('quarantined records', () => {
  scenario('are listed with the reason, go through once the definition fits, and only once', async () => {
    const { partner, report } = await bench.syncOnce({ simulator: { faults }, streams: { payments: strict } });
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome: 'partial',
      counts: { fetched: 200, inserted: 197, quarantined: 3 },
    });
    const records = await held(partner);
    expect(records).toHaveLength(3);
    for (const record of records)
      expect(record).toMatchObject({
        stream: 'payments',
        path: 'currency',
        status: 'held',
        key: expect.stringMatching(/^pay_/),
        reason: expect.any(String),
      });

    const refused = await replay(partner, records);
    expect(refused).toMatchObject({ report: null, fitted: [] });
    expect(refused.refused.map(({ id }) => id).toSorted()).toEqual(records.map(({ id }) => id).toSorted());

    await partner.define({ streams: { payments: lenient } });
    const first = await replay(partner, records);
    expect(first.report).toMatchObject({ outcome: 'ok', counts: { fetched: 3, inserted: 3 } });
    expect(first.fitted.toSorted()).toEqual(records.map(({ id }) => id).toSorted());
    expect(await held(partner)).toEqual([]);
    const broken = new Set(records.map(({ key }) => key));
    const served = partner.simulator
      .truth('payments')
      .map(({ currency, ...rest }) => (broken.has(String(rest['id'])) ? rest : { ...rest, currency }));
    expect(digestOf(await tablePayloads(bench.pool, partner.name, 'payments'))).toEqual(digestOf(served));

    const before = await everything(partner);
    expect(await replay(partner, records)).toEqual(first);
    expect(await everything(partner)).toEqual(before);
  });

  scenario('that were replayed are brought up to date by the next run like any others', async () => {
    const { partner } = await bench.syncOnce({ simulator: { faults }, streams: { payments: strict } });
    await partner.define({ streams: { payments: lenient } });
    await replay(partner, await held(partner));
    partner.simulator.set({ faults: [] });
    const second = streamReport(await partner.sync({ generation: 2 }), 'payments');
    expect(second).toMatchObject({ outcome: 'ok', counts: { fetched: 200, updated: 3, unchanged: 197 } });
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('never overwrite what came later', async () => {
    const { partner } = await bench.syncOnce({ simulator: { faults }, streams: { payments: strict } });
    const records = await held(partner);
    partner.simulator.set({ faults: [] });
    partner.simulator.mutate({ change: 200 });
    await partner.sync({ generation: 2 });
    await partner.define({ streams: { payments: lenient } });
    expect((await replay(partner, records)).report).toMatchObject({ counts: { fetched: 3, stale: 3 } });
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario(
    'that all went through are no reason to fail any more: the sync of the window is well, without a request',
    async () => {
      const over = { errorBudget: { count: 2, share: 1 } };
      const { partner, report } = await bench.syncOnce({
        simulator: { faults },
        streams: { payments: { ...strict, ...over } },
      });
      expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/error budget of 2$/) });
      await partner.define({ streams: { payments: { ...lenient, ...over } } });
      await replay(partner, await held(partner));
      const asked = partner.simulator.requests().length;
      expect(await partner.sync()).toMatchObject({
        outcome: 'ok',
        reason: null,
        streams: [{ settled: 3, counts: { fetched: 200, inserted: 197, quarantined: 3 } }],
      });
      expect(partner.simulator.requests()).toHaveLength(asked);
    },
  );

  scenario('keep no payload where the stream withholds it', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults },
      streams: { payments: { ...strict, quarantinePayload: 'withhold' } },
    });
    expect(report.outcome).toBe('partial');
    const records = await held(partner);
    expect(records.map(({ payload }) => payload)).toEqual([null, null, null]);
    await partner.define({ streams: { payments: { ...lenient, quarantinePayload: 'withhold' } } });
    expect(await replay(partner, records)).toMatchObject({ report: null, fitted: [] });
  });
});

describe('a stream that is set to freeze', () => {
  scenario(
    'stops for a person at the first record that does not fit, and goes on after the definition was corrected',
    async () => {
      const { partner, report } = await bench.syncOnce({
        simulator: { faults: [{ kind: 'type_change', from: 120, field: 'currency' }], payments: 200 },
        streams: { payments: { ...strict, onMismatch: 'freeze' } },
      });
      const frozen = streamReport(report, 'payments');
      expect(frozen).toMatchObject({
        outcome: 'failed',
        counts: { quarantined: 0 },
        reason: expect.stringMatching(/currency.*freeze.*start the sync again/s),
      });
      expect(balances(frozen.counts)).toBe(true);
      expect(await tableRows(bench.pool, partner.name, 'payments')).toHaveLength(frozen.counts.inserted);
      expect(frozen.counts.inserted).toBeLessThan(200);
      expect(await held(partner)).toEqual([]);

      const { currency: _, ...properties } = strict.schema.properties;
      await partner.define({
        streams: { payments: { ...strict, onMismatch: 'freeze', schema: { ...strict.schema, required, properties } } },
      });
      expect(streamReport(await partner.sync(), 'payments')).toMatchObject({
        outcome: 'ok',
        counts: { fetched: 200, inserted: 200 },
      });
    },
  );
});

describe('the error budget', () => {
  scenario.each([
    {
      name: 'within both',
      errorBudget: { count: 3, share: 0.015 },
      outcome: 'partial',
      reason: /3 records are in quarantine/,
    },
    { name: 'beyond the count', errorBudget: { count: 2, share: 1 }, outcome: 'failed', reason: /error budget of 2$/ },
    {
      name: 'beyond the share',
      errorBudget: { count: 100, share: 0.0149 },
      outcome: 'failed',
      reason: /3 of 200.*error budget of 1 %/,
    },
    { name: 'none at all', errorBudget: { count: 0 }, outcome: 'failed', reason: /error budget of 0$/ },
  ])('$name: $outcome', async ({ errorBudget, outcome, reason }) => {
    const { report } = await bench.syncOnce({
      simulator: { faults },
      streams: { payments: { ...strict, errorBudget } },
    });
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome,
      reason: expect.stringMatching(reason),
      counts: { inserted: 197, quarantined: 3 },
    });
  });
});
