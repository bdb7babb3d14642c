import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { compileStream } from '../../definitions/compile.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { acceptCount, type CountAccepted } from '../../store/ledger/accept-count.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, WINDOW } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { pullOne } from '../support/pull-one.ts';
import type { PullCase } from '../support/pull-one.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';
import { tableRows } from '../support/table-rows.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

describe('pages that go round in a circle end the stream in red', () => {
  scenario.each([
    { name: 'tokens', definition: streams.payments },
    { name: 'URLs', definition: streams.paymentsByUrl },
  ])('$name', async ({ definition }) => {
    const { report, requests } = await pullOne(bench, { faults: [{ kind: 'cycle_tokens' }], definition });
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/circle/) });
    // The queue between reading and writing bounds how far reading may run ahead.
    expect(requests).toBeLessThan(20);
  });
});

describe('a page that names itself as the next one is kept, and is no end in green', () => {
  scenario.each([
    { name: 'a token', faults: [{ kind: 'repeat_token', after: 2 }], definition: streams.payments, pages: 3 },
    { name: 'a URL', faults: [{ kind: 'repeat_token', after: 2 }], definition: streams.paymentsByUrl, pages: 3 },
    { name: 'the first page', faults: [{ kind: 'repeat_token' }], definition: streams.payments, pages: 2 },
  ] satisfies (PullCase & { name: string; pages: number })[])('$name', async ({ definition, faults, pages }) => {
    const { report, requests, partner } = await pullOne(bench, { faults, definition });
    expect(report).toMatchObject({
      outcome: 'suspect',
      pages,
      reason: expect.stringMatching(/names the same page again/),
    });
    expect(requests).toBe(pages);
    expect(await tableRows(bench.pool, partner.name, 'payments')).toHaveLength(report.counts.inserted);
  });
});

describe('a listing that ends too early is never green', () => {
  const total = {
    ...streams.customers,
    path: '/v2/customers',
    pagination: { type: 'page', size: 10, sizeAs: 'per_page', total: 'total' },
  } satisfies StreamInput;
  scenario.each([
    {
      name: 'offsets with a total',
      definition: streams.customers,
      outcome: 'suspect',
      reason: /says 40 records, 20 came/,
    },
    { name: 'page numbers with a total', definition: total, outcome: 'suspect', reason: /says 40 records, 20 came/ },
    {
      name: 'page numbers with a number of pages',
      definition: streams.customersByPage,
      outcome: 'suspect',
      reason: /page 3 is empty, but/,
    },
  ])('$name', async ({ definition, outcome, reason }) => {
    const { report } = await pullOne(bench, {
      stream: 'customers',
      definition,
      faults: [{ kind: 'early_end', rows: 20 }],
    });
    expect(report).toMatchObject({ outcome, reason: expect.stringMatching(reason) });
  });

  scenario.each([
    {
      name: 'a token by a name that the partner does not use',
      definition: { ...streams.payments, pagination: { type: 'token', token: 'next_page', as: 'cursor' } },
      reason: /announces another page, but the token at next_page is not there/,
    },
    {
      name: 'a URL by a wrong name',
      definition: { ...streams.paymentsByUrl, pagination: { type: 'nextUrl', path: 'links.after' } },
      reason: /announces another page, but the URL at links\.after is not there/,
    },
  ] satisfies (Pick<PullCase, 'definition'> & { name: string; reason: RegExp })[])(
    'nor one that follows $name',
    async ({ definition, reason }) => {
      const { report } = await pullOne(bench, { definition, faults: [] });
      expect(report).toMatchObject({
        outcome: 'suspect',
        counts: { fetched: 25 },
        reason: expect.stringMatching(reason),
      });
    },
  );

  scenario('nor one with half the rows of the last time', async () => {
    const { partner, report } = await bench.syncOnce({ streams: { refunds: streams.refunds } });
    expect(report.outcome).toBe('ok');
    partner.simulator.set({ faults: [{ kind: 'early_end', rows: 25 }] });
    const second = await partner.sync({ generation: 2 });
    expect(second).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringContaining('15 records, 40 the last time'),
    });
  });

  scenario('until a person says that it is right', async () => {
    const { partner } = await bench.syncOnce({
      streams: { refunds: { ...streams.refunds, deletes: { sweep: true } } },
    });
    const accept = async (generation: number): Promise<CountAccepted> =>
      acceptCount(bench.pool, {
        syncId: plainNames.streamSyncId({ partner: partner.name, stream: 'refunds', window: WINDOW, generation }),
        stream: compileStream(
          await loadPartner(partner.name, { dir: bench.partnersDir, env: {} }),
          'refunds',
          plainNames,
        ),
        by: 'anna',
        reason: 'they archive what is older than a year',
      });
    await expect(accept(1)).rejects.toThrow(/ended ok: only a run can be accepted that is suspect because/);
    partner.simulator.set({ faults: [{ kind: 'early_end', rows: 25 }] });
    expect(await partner.sync({ generation: 2 })).toMatchObject({ outcome: 'suspect' });
    expect(await tableRows(bench.pool, partner.name, 'refunds')).toHaveLength(40);
    expect(await accept(2)).toEqual({ partner: partner.name, stream: 'refunds', fetched: 15, before: 40 });

    expect(await partner.sync({ generation: 3 })).toMatchObject({ outcome: 'ok', reason: null });
    expect(await tableRows(bench.pool, partner.name, 'refunds')).toHaveLength(15);
    const { streams: shown } = await showRun(
      bench.pool,
      plainNames.partnerSyncId({ partner: partner.name, window: WINDOW, generation: 2 }),
    );
    expect(shown).toMatchObject([
      { outcome: 'suspect', accepted: { by: 'anna', reason: 'they archive what is older than a year' } },
    ]);
    // Less than half of what was accepted is in doubt again.
    partner.simulator.set({ faults: [{ kind: 'early_end', rows: 35 }] });
    expect(await partner.sync({ generation: 4 })).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringContaining('5 records, 15 the last time'),
    });
  });

  scenario('nor one whose middle was skipped by a rule', async () => {
    const { report } = await pullOne(bench, {
      faults: [{ kind: 'status', status: 404, nth: 3 }],
      definition: { ...streams.payments, errors: [{ status: 404, action: 'skip' }] },
    });
    expect(report.outcome).toBe('failed');
    expect(report.reason).toMatch(/skip/);
  });

  scenario('nor one of which every call was skipped by a rule', async () => {
    const { report } = await pullOne(bench, {
      faults: [{ kind: 'status', status: 404 }],
      definition: { ...streams.payments, errors: [{ status: 404, action: 'skip' }] },
    });
    expect(report).toMatchObject({ outcome: 'suspect', reason: expect.stringContaining('skipped') });
  });

  scenario('but a parent that is gone may be skipped', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'status', status: 404, stream: 'payments', nth: 5 }] },
      streams: {
        customers: streams.customers,
        payments: { ...streams.paymentsOfCustomer, query: { limit: 200 }, errors: [{ status: 404, action: 'skip' }] },
      },
    });
    expect(report.outcome).toBe('ok');
    expect(partner.simulator.stats().streams['payments']).toMatchObject({ requests: 40 });
  });
});

describe('records', () => {
  scenario.each([
    { name: 'within a page', kind: 'duplicate_in_page' as const, doubled: 8 * 2 },
    { name: 'across pages', kind: 'duplicate_across_pages' as const, doubled: 7 * 2 },
  ])('that come twice $name land once', async ({ kind, doubled }) => {
    const { partner, report } = await pullOne(bench, { faults: [{ kind, count: 2 }] });
    expect(report).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 200 + doubled, inserted: 200, unchanged: doubled, conflicts: 0 },
    });
    await expectTruth(bench.pool, partner, 'payments');
    const { rows } = await bench.pool.query(
      'select count(*)::int as n from events e join streams s using (stream_id) where s.partner = $1',
      [partner.name],
    );
    expect(rows).toEqual([{ n: 200 }]);
  });

  scenario.each([
    { name: 'an offset', definition: streams.customers },
    {
      name: 'a page number and a total',
      definition: {
        ...streams.customers,
        path: '/v2/customers',
        pagination: { type: 'page', size: 5, sizeAs: 'per_page', total: 'total' },
      } satisfies StreamInput,
    },
  ])('that come twice within a page make $name skip none', async ({ definition }) => {
    const faults = [{ kind: 'duplicate_in_page', count: 2 }] as const;
    const { partner, report } = await pullOne(bench, { stream: 'customers', definition, faults });
    expect(report).toMatchObject({ outcome: 'ok', counts: { inserted: 40 } });
    await expectTruth(bench.pool, partner, 'customers');
  });

  scenario('that gain a field keep it, and need no new definition', async () => {
    const { partner, report } = await pullOne(bench, { faults: [{ kind: 'new_field', from: 120 }] });
    expect(report).toMatchObject({ outcome: 'ok', counts: { inserted: 200 } });
    const rows = await tableRows(bench.pool, partner.name, 'payments');
    expect(rows.filter((row) => row['risk'] === 'normal')).toHaveLength(80);
  });

  const errorBudget = { count: 10, share: 0.02 };
  const bad: readonly (PullCase & {
    name: string;
    quarantined: number;
    fetched?: number;
    outcome: string;
    path: string;
  })[] = [
    {
      name: 'without a required field',
      faults: [{ kind: 'malformed', count: 3, field: 'currency' }],
      quarantined: 3,
      outcome: 'partial',
      path: 'currency',
    },
    {
      name: 'with an object where text belongs',
      faults: [{ kind: 'malformed', how: 'wrong_type', count: 3, field: 'currency' }],
      quarantined: 3,
      outcome: 'partial',
      path: 'currency',
    },
    {
      name: 'without an id',
      faults: [{ kind: 'malformed', how: 'null_id', count: 2 }],
      quarantined: 2,
      outcome: 'partial',
      path: 'id',
    },
    {
      name: 'without anything',
      faults: [{ kind: 'blank_records', count: 2, nth: 3 }],
      quarantined: 2,
      fetched: 202,
      outcome: 'partial',
      path: 'id',
    },
    {
      name: 'of more than the share that is allowed',
      faults: [{ kind: 'malformed', count: 5, field: 'currency' }],
      quarantined: 5,
      outcome: 'failed',
      path: 'currency',
    },
    {
      name: 'whose type drifts for good',
      faults: [{ kind: 'type_change', from: 100, field: 'currency' }],
      quarantined: 100,
      outcome: 'failed',
      path: 'currency',
    },
  ];
  scenario.each(bad)(
    '$name go to quarantine: $outcome',
    async ({ quarantined, outcome, path, fetched = 200, ...given }) => {
      const { partner, report } = await pullOne(bench, { ...given, definition: { ...streams.payments, errorBudget } });
      expect(report).toMatchObject({ outcome, counts: { fetched, quarantined } });
      expect(report.reason).toMatch(/quarantine/);
      const good = (await tableRows(bench.pool, partner.name, 'payments')).length;
      expect(good).toBe(fetched - quarantined);
      const { rows } = await bench.pool.query(
        'select q.path, sum(q.count)::int as n from quarantine q join streams s using (stream_id) where s.partner = $1 group by 1',
        [partner.name],
      );
      expect(rows).toEqual([{ path, n: quarantined }]);
    },
  );

  scenario('that change while they are listed by token all arrive', async () => {
    const { partner, report } = await pullOne(bench, {
      faults: [{ kind: 'mutate', nth: [3, 6], change: 30, add: 10 }],
    });
    expect(report.outcome).toBe('ok');
    await expectTruth(bench.pool, partner, 'payments');
  });
});
