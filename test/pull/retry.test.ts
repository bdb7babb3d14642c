import { afterAll, beforeAll, expect } from '@jest/globals';
import { runsRetry } from '../../cli/commands/retry.ts';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { BenchPartner, PullBench } from '../support/pull-bench.ts';
import { said, type Said } from '../support/said.ts';
import { tableRows } from '../support/table-rows.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

const retry = (id: string, stream: string): Promise<Said> =>
  said(bench.config, { stream, wait: true }, (context) => runsRetry({ ...context, id }));

const sent = (partner: BenchPartner, stream: string): number =>
  partner.simulator.requests().filter((request) => request.stream === stream).length;

async function outcomeOf(runId: string): Promise<unknown> {
  const { rows } = await bench.pool.query('select outcome, reason from runs where run_id = $1', [runId]);
  return rows[0];
}

scenario('a stream that failed goes on from its page; the others are not touched, and the run ends anew', async () => {
  const partner = await bench.partner({
    simulator: { faults: [{ kind: 'status', status: 400, stream: 'payments', nth: 4 }] },
    streams: { payments: streams.payments, customers: streams.customers },
  });
  const { runId, outcome } = await partner.sync();
  expect(outcome).toBe('partial');
  const customers = sent(partner, 'customers');
  const before = sent(partner, 'payments');

  const { code, json } = await retry(runId, 'payments');
  expect(code).toBe(0);
  expect(json).toMatchObject({ runId, outcome: 'ok', reason: null });
  expect(await outcomeOf(runId)).toEqual({ outcome: 'ok', reason: null });
  expect(sent(partner, 'customers')).toBe(customers);
  expect(sent(partner, 'payments')).toBe(before + 5);
  await expectTruth(bench.pool, partner, 'payments');
});

scenario('a stream that was read to its end is read anew, and what came last counts', async () => {
  // No record fits, which is more than the error budget bears.
  const { schema } = streams.payments;
  const required = [...schema.required, 'approved_by'];
  const wrong = {
    ...streams.payments,
    schema: { ...schema, required, properties: { ...schema.properties, approved_by: { type: 'string' } } },
  };
  const partner = await bench.partner({ streams: { payments: wrong, customers: streams.customers } });
  const { runId, outcome } = await partner.sync();
  expect(outcome).toBe('partial');
  await partner.define({ streams: { payments: streams.payments, customers: streams.customers } });

  const { code, json } = await retry(runId, 'payments');
  expect(code).toBe(0);
  expect(streamReport(json as RunReport, 'payments')).toMatchObject({
    outcome: 'ok',
    syncId: expect.stringMatching(/\/payments\/2026-11-25\/r2$/),
    counts: { fetched: 200 },
  });
  const shown = await said(bench.config, {}, (context) => runsShow({ ...context, id: runId }));
  expect((shown.json as { streams: { stream: string; outcome: string }[] }).streams).toMatchObject([
    { stream: 'customers', outcome: 'ok' },
    { stream: 'payments', outcome: 'ok' },
  ]);
  expect(await outcomeOf(runId)).toEqual({ outcome: 'ok', reason: null });
  // Once more: a third reading.
  expect((await retry(runId, 'payments')).json).toMatchObject({ outcome: 'ok' });
  expect(sent(partner, 'customers')).toBe(5);
  // The column that the first definition added stays.
  expect(await tableRows(bench.pool, partner.name, 'payments')).toHaveLength(200);
});

scenario('a retry that fails says so, and a run that goes on cannot be retried', async () => {
  const partner = await bench.partner({
    simulator: {
      faults: [
        { kind: 'status', status: 400, stream: 'payments' },
        { kind: 'hang', stream: 'customers', nth: 2 },
      ],
    },
    streams: { payments: streams.payments, customers: streams.customers },
    partner: { timeout: '10m' },
  });
  const { handle, runId } = await partner.start({ streams: ['payments'] });
  await reportOfSync(handle);
  expect(await retry(runId, 'payments')).toMatchObject({ code: 1, json: { outcome: 'failed' } });
  await expect(retry(runId, 'customers')).rejects.toThrow(/reads no stream "customers"; it reads payments/);

  const hanging = await partner.start({ window: '2026-11-23', streams: ['customers'] });
  while (sent(partner, 'customers') < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(retry(hanging.runId, 'customers')).rejects.toThrow(/has not ended: its other streams go on/);
  await hanging.handle.cancel();
  await reportOfSync(hanging.handle);
});
