import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { balances } from '../../core/counts.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { digestOf, tableRows } from '../support/table-rows.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

/** Where pages are found by counting, an empty one ends the listing. */
const listings = [
  { name: 'a token', stream: 'payments', definition: streams.payments, pages: 8 },
  { name: 'a next URL', stream: 'payments', definition: streams.paymentsByUrl, pages: 8 },
  { name: 'offset and limit', stream: 'customers', definition: streams.customers, pages: 5 },
  { name: 'page numbers', stream: 'customers', definition: streams.customersByPage, pages: 5 },
  { name: 'a Link header', stream: 'refunds', definition: streams.refunds, pages: 4 },
  { name: 'the last id', stream: 'events', definition: streams.events, pages: 4 },
] as const;

describe('a listing', () => {
  scenario.each(listings)(
    'continued by $name ends equal to what the partner holds',
    async ({ stream, definition, pages }) => {
      const { partner, report } = await bench.syncOnce({ streams: { [stream]: definition } });
      const { counts, outcome, ...rest } = streamReport(report, stream);
      const truth = partner.simulator.truth(stream).length;
      expect({ outcome, pages: rest.pages, requests: rest.requests }).toEqual({
        outcome: 'ok',
        pages,
        requests: pages,
      });
      expect(counts).toMatchObject({ fetched: truth, inserted: truth });
      expect(balances(counts)).toBe(true);
      await expectTruth(bench.pool, partner, stream);
    },
  );

  scenario('gives the same table whatever grants it is cut into', async () => {
    const { partner, report } = await bench.syncOnce({
      streams: { payments: streams.payments },
      partner: { grant: { requests: 1 } },
    });
    expect(streamReport(report, 'payments')).toMatchObject({ outcome: 'ok', pages: 8, requests: 8 });
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('of short pages is read to its end', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'short_page' }] },
      streams: { payments: streams.payments, customers: streams.customers, events: streams.events },
    });
    expect(report.outcome).toBe('ok');
    for (const stream of ['payments', 'customers', 'events'] as const) await expectTruth(bench.pool, partner, stream);
  });
});

describe('a child stream', () => {
  scenario('asks once for each parent', async () => {
    const { partner, report } = await bench.syncOnce({
      streams: { payments: streams.paymentsOfCustomer, customers: streams.customers },
    });
    expect(report.outcome).toBe('ok');
    await expectTruth(bench.pool, partner, 'payments');
    const asked = partner.simulator.requests().map(({ path }) => /customers\/(\w+)\/payments/.exec(path)?.[1]);
    const parents = partner.simulator.truth('customers').map(({ id }) => id);
    expect(new Set(asked.filter((id) => id !== undefined))).toEqual(new Set(parents));
    expect(streamReport(report, 'payments').requests).toBe(streamReport(report, 'payments').pages);
  });

  scenario('adds the parent to each record where it is asked to', async () => {
    const { partner, report } = await bench.syncOnce({
      streams: {
        payments: {
          ...streams.paymentsOfCustomer,
          primaryKey: ['owner', 'id'],
          parent: { ...streams.paymentsOfCustomer.parent, include: 'owner' },
        },
        customers: streams.customers,
      },
    });
    expect(report.outcome).toBe('ok');
    const rows = await tableRows(bench.pool, partner.name, 'payments');
    const truth = partner.simulator.truth('payments').map((row) => ({ ...row, owner: row['customer_id'] }));
    expect(digestOf(rows)).toEqual(digestOf(truth));
  });

  scenario('asks for several parents at once', async () => {
    const { partner, report } = await bench.syncOnce({
      streams: { payment_methods: streams.paymentMethods, customers: streams.customers },
    });
    expect(report.outcome).toBe('ok');
    expect(streamReport(report, 'payment_methods')).toMatchObject({ pages: 6, requests: 6 });
    await expectTruth(bench.pool, partner, 'payment_methods');
  });

  scenario('of a stream without records ends ok without a request', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { customers: 0, payments: 0, refunds: 0, events: 0 },
      streams: { payment_methods: streams.paymentMethods, customers: streams.customers },
    });
    expect(report.outcome).toBe('ok');
    expect(partner.simulator.stats().streams).toEqual({ customers: expect.objectContaining({ requests: 1 }) });
  });
});
