import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport, type PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

const incremental = {
  ...streams.payments,
  incremental: { field: 'updated_at', start: { as: 'updated_since' }, initial: '2020-01-01T00:00:00Z' },
} satisfies StreamInput;

describe('a table that somebody dropped', () => {
  scenario('is full again after the next run, although the partner is asked for what is new alone', async () => {
    const { partner, report } = await bench.syncOnce({ streams: { payments: incremental } });
    expect(report.outcome).toBe('ok');
    await bench.pool.query(`drop schema ${partner.name} cascade`);
    const payments = streamReport(await partner.sync({ window: '2026-11-26' }), 'payments');
    expect(payments).toMatchObject({ outcome: 'ok', counts: { inserted: 0, updated: 0, stale: 0 } });
    expect(payments.counts.fetched).toBeLessThan(streamReport(report, 'payments').counts.fetched / 10);
    expect(payments.reason).toMatch(/payments was gone: made again from \d+ events of the log/);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('in which a child finds its parents is made again, too', async () => {
    const all = { customers: streams.customers, payment_methods: streams.paymentMethods };
    const { partner } = await bench.syncOnce({ streams: all });
    await bench.pool.query(`drop table ${partner.name}.customers, ${partner.name}.payment_methods`);
    const again = await partner.sync({ streams: ['payment_methods'], generation: 2 });
    expect(streamReport(again, 'payment_methods')).toMatchObject({ outcome: 'ok' });
    await expectTruth(bench.pool, partner, 'customers');
    await expectTruth(bench.pool, partner, 'payment_methods');
  });
});

describe('a table that somebody changed', () => {
  scenario('fails its stream at once, with the cure, and no other', async () => {
    const all = { payments: streams.payments, customers: streams.customers, events: streams.events };
    const { partner } = await bench.syncOnce({ streams: all });
    const table = `${partner.name}.payments`;
    await bench.pool.query(`delete from ${table} where id in (select id from ${table} order by id limit 2)`);
    await bench.pool.query(`create unique index one_of_a_run on ${table} (_run) where _run > 1`);
    const before = partner.simulator.stats().streams['payments']?.requests ?? 0;

    const report = await partner.sync({ generation: 2 });
    const outcomes = Object.fromEntries(report.streams.map(({ stream, outcome }) => [stream, outcome]));
    expect(outcomes).toEqual({ payments: 'failed', customers: 'ok', events: 'ok' });
    expect(streamReport(report, 'payments').reason).toMatch(/unique index "one_of_a_run" on \S+\.payments.*drop index/);
    // The eight pages of one attempt at most.
    expect((partner.simulator.stats().streams['payments']?.requests ?? 0) - before).toBeLessThanOrEqual(8);

    await bench.pool.query(`drop index ${partner.name}.one_of_a_run`);
    expect((await partner.sync({ generation: 2 })).outcome).toBe('ok');
    await expectTruth(bench.pool, partner, 'payments');
  });
});
