import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

const customers = { ...streams.customers, conditional: true } as const;

describe('a conditional stream', () => {
  scenario(
    'costs one request and stays ok when nothing has changed, and is read whole when something has',
    async () => {
      const { partner } = await bench.syncOnce({ streams: { customers } });
      const second = streamReport(await partner.sync({ generation: 2 }), 'customers');
      expect(second).toMatchObject({ outcome: 'ok', requests: 1, counts: { fetched: 0 } });
      // Four pages and the empty one that ends them.
      expect(partner.simulator.stats().byStatus).toEqual({ 200: 5, 304: 1 });
      await expectTruth(bench.pool, partner, 'customers');

      partner.simulator.mutate({ stream: 'customers', change: 3, add: 2 });
      const third = streamReport(await partner.sync({ generation: 3 }), 'customers');
      expect(third).toMatchObject({ outcome: 'ok', counts: { fetched: 42, inserted: 2, updated: 3, unchanged: 37 } });
      await expectTruth(bench.pool, partner, 'customers');
    },
  );

  scenario('takes no validators from a first run that failed', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 400, nth: 3 }] },
      streams: { customers },
    });
    expect(report.outcome).toBe('failed');
    const second = streamReport(await partner.sync({ generation: 2 }), 'customers');
    expect(second).toMatchObject({ outcome: 'ok', counts: { fetched: 40 } });
    expect(partner.simulator.stats().byStatus).not.toHaveProperty('304');
    await expectTruth(bench.pool, partner, 'customers');
  });

  scenario('keeps those of the last complete run when a later one fails', async () => {
    const { partner } = await bench.syncOnce({ streams: { customers } });
    partner.simulator.mutate({ stream: 'customers', change: 20 });
    partner.simulator.set({ faults: [{ kind: 'status', status: 400, nth: 2 }] });
    expect((await partner.sync({ generation: 2 })).outcome).toBe('failed');
    expect(streamReport(await partner.sync({ generation: 3 }), 'customers')).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 40 },
    });
    await expectTruth(bench.pool, partner, 'customers');
  });

  scenario('is read whole when its definition has changed: what did not fit may fit now', async () => {
    const strict = {
      ...customers.schema,
      required: ['id', 'created_at', 'country'],
      properties: { ...customers.schema.properties, country: { type: 'string' } },
    };
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'malformed', field: 'country' }] },
      streams: { customers: { ...customers, schema: strict, errorBudget: { share: 1 } } },
    });
    expect(report.outcome).toBe('partial');
    await partner.define({
      streams: { customers: { ...customers, schema: { ...strict, required: ['id', 'created_at'] } } },
    });
    expect(streamReport(await partner.sync({ generation: 2 }), 'customers')).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 40, inserted: 1 },
    });
  });
});
