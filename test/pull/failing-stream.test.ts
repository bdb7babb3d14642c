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

const all = {
  payments: streams.payments,
  customers: streams.customers,
  refunds: streams.refunds,
  events: streams.events,
};
const names = ['payments', 'customers', 'refunds', 'events'] as const;

describe('a stream that fails', () => {
  scenario('stops no other, and is all that is tried when the sync is started again, from where it stood', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 500, stream: 'customers', after: 2 }] },
      streams: all,
      // Once the others are done, nothing tells its endpoint from a partner that is down: time ends it, not attempts.
      partner: { retry: { attempts: 4, base: '10ms', cap: '50ms', total: '3s' } },
    });
    expect(report.outcome).toBe('partial');
    expect(report.reason).toMatch(/customers failed: .*500/);
    expect(streamReport(report, 'customers')).toMatchObject({
      outcome: 'failed',
      state: 'failed',
      pages: 2,
      counts: { inserted: 20 },
    });
    for (const name of ['payments', 'refunds', 'events'] as const) {
      expect(streamReport(report, name).outcome).toBe('ok');
      await expectTruth(bench.pool, partner, name);
    }
    const before = partner.simulator.stats().streams;

    partner.simulator.set({ faults: [] });
    const again = await partner.sync();
    expect(again.outcome).toBe('ok');
    expect(streamReport(again, 'customers')).toMatchObject({ outcome: 'ok', pages: 5, counts: { inserted: 40 } });
    const after = partner.simulator.stats().streams;
    expect(after['customers']?.requests).toBe((before['customers']?.requests ?? 0) + 3);
    for (const name of ['payments', 'refunds', 'events'] as const) expect(after[name]).toEqual(before[name]);
    for (const name of names) await expectTruth(bench.pool, partner, name);
  });

  scenario('takes those down that need it, and none besides', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 403, stream: 'customers' }] },
      streams: { payment_methods: streams.paymentMethods, customers: streams.customers, events: streams.events },
    });
    const outcomes = Object.fromEntries(report.streams.map(({ stream, outcome }) => [stream, outcome]));
    expect(outcomes).toEqual({ payment_methods: 'failed', customers: 'failed', events: 'ok' });
    expect(streamReport(report, 'payment_methods').reason).toContain('customers');
    expect(partner.simulator.stats().streams).not.toHaveProperty('payment_methods');

    partner.simulator.set({ faults: [] });
    expect((await partner.sync()).outcome).toBe('ok');
    for (const name of ['payment_methods', 'customers', 'events'] as const)
      await expectTruth(bench.pool, partner, name);
  });

  scenario('makes the run failed when there is no other', async () => {
    const { report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 403 }] },
      streams: { customers: streams.customers },
    });
    expect(report.outcome).toBe('failed');
  });

  scenario('leaves the run red in Temporal and in the ledger', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 403, stream: 'events' }] },
      streams: { customers: streams.customers, events: streams.events },
    });
    const { status } = await bench.client.workflow.getHandle(report.runId).describe();
    expect(status.name).toBe('FAILED');
    const { rows } = await bench.pool.query('select outcome from runs where partner = $1', [partner.name]);
    expect(rows).toEqual([{ outcome: 'partial' }]);
  });
});
