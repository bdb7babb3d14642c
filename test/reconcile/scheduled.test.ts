import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { approvalsDecide } from '../../cli/commands/approvals.ts';
import { reconcileRepair } from '../../cli/commands/reconcile-repair.ts';
import { reconcileStart, type ReconcileOptions } from '../../cli/commands/reconcile.ts';
import { scheduleApply, scheduleList } from '../../cli/commands/schedule.ts';
import { applyChange, catchUpSchedule } from '../../client/schedules.ts';
import { plainNames } from '../../messages/names.ts';
import type { ReconcileSchedule } from '../../core/schedule.ts';
import type { ScheduledReconcile, ScheduledReconcileReport } from '../../messages/scheduled-reconcile.ts';
import { listReconciliations } from '../../store/reconcile/read-reconciliations.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';
import { eventually } from '../support/eventually.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { said, type Said } from '../support/said.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
let partner: BenchPartner;
const payments = {
  ...streams.payments,
  schema: {
    ...streams.payments.schema,
    properties: { ...streams.payments.schema.properties, gone: { type: 'boolean' } },
  },
  deletes: { field: 'gone', equals: true, hold: { count: 1, share: 0.005 } },
  incremental: { field: 'updated_at', start: { as: 'updated_since' } },
};
const cron = '0 5 * * sun';

beforeAll(async () => {
  bench = await openPullBench();
  partner = await bench.partner({
    streams: { payments, customers: streams.customers },
    partner: {
      reconcile: {
        weekly: { cron, repair: ['missing', 'stale'], streams: ['customers', 'payments'], paused: true },
        keys: { cron, level: 'keys', last: '7d', paused: true },
      },
    },
  });
  await partner.sync();
});
afterAll(() => bench.close());

const apply = (): ReturnType<typeof said> => said(bench.config, { yes: true }, scheduleApply);

/** Runs the slot of a Sunday in a time that is over, and waits for its end. */
async function slot(name: string, day: string): Promise<ScheduledReconcileReport & { readonly attribute: unknown }> {
  const range = { from: new Date(`${day}T04:00:00Z`), to: new Date(`${day}T06:00:00Z`) };
  await catchUpSchedule(bench.client, plainNames, { partner: partner.name, name }, range);
  const id = `${plainNames.scheduledRunId({ partner: partner.name, name })}-${day}T05:00:00Z`;
  const handle = bench.client.workflow.getHandle(id);
  const isThere = async (): Promise<boolean> => {
    const found = await handle.describe().catch(() => undefined);
    return found !== undefined && found.status.name !== 'RUNNING' && !seen.has(found.runId);
  };
  expect(await eventually(isThere)).toBe(true);
  const { runId, searchAttributes } = await handle.describe();
  seen.add(runId);
  const report = (await handle.result()) as ScheduledReconcileReport;
  return { ...report, attribute: searchAttributes['SyncOutcome']?.[0] };
}
const seen = new Set<string>();

const start = (of: BenchPartner, named: readonly string[], label: string, wait = true): Promise<Said> =>
  said<ReconcileOptions>(bench.config, { level: 'content', wait, label }, (context) =>
    reconcileStart({ ...context, partner: of.name, streams: named }),
  );

describe('a reconciliation with a schedule', () => {
  test('is applied, shown and removed as schedules of syncs are', async () => {
    const applied = await apply();
    expect(applied.text).toContain(
      `+ schedule/${partner.name}/keys: ${cron} UTC, reconcile: keys, the last 7d, paused`,
    );
    expect(applied.text).toContain(
      `+ schedule/${partner.name}/weekly: ${cron} UTC, reconcile: content, repairs missing, stale, only customers, payments, paused`,
    );
    expect((await apply()).text).toContain('Temporal has what the definitions say.');
    const listed = await said(bench.config, {}, scheduleList);
    expect(listed.text).toMatch(/ keys \(reconcile\) +0 5 \* \* sun UTC +paused/);
    expect(listed.json).toMatchObject([{ name: 'keys', kind: 'reconcile' }, { name: 'weekly' }]);
    // A schedule of old and one that changes what it does.
    const { name } = partner;
    const old = { name: 'old', partner: name, cron: [cron], timeZone: 'UTC', covers: 'day', streams: [], jitterMs: 0 };
    const to = {
      ...old,
      overlap: 'queue',
      catchUpMs: 60_000,
      pauseOnFailure: false,
      paused: true,
      note: null,
    } as const;
    await applyChange(bench.client, plainNames, {
      kind: 'create',
      id: plainNames.scheduleId({ partner: name, name: 'old' }),
      to: to as typeof to & { covers: 'day' },
    });
    expect((await apply()).text).toContain(`- schedule/${name}/old: no definition has it`);
  });

  test('compares one stream after the other, repairs what is safe, and shows the rest', async () => {
    const first = await slot('weekly', '2026-11-08');
    expect(first).toMatchObject({ outcome: 'ok', attribute: 'ok', slot: '2026-11-08T05:00:00.000Z', reason: null });
    expect(first.streams.map(({ reconciliation }) => reconciliation)).toEqual([
      `reconcile/${partner.name}/customers/weekly-2026-11-08T05-00-00Z`,
      `reconcile/${partner.name}/payments/weekly-2026-11-08T05-00-00Z`,
    ]);
    partner.simulator.mutate({ add: 2, remove: 3, at: '2026-11-01T00:00:00Z' });
    expect(await slot('weekly', '2026-11-15')).toMatchObject({
      outcome: 'partial',
      attribute: 'partial',
      reason: 'payments: 3 records differ',
      streams: [
        { stream: 'customers', outcome: 'ok' },
        { stream: 'payments', outcome: 'partial', open: 3, repaired: 2 },
      ],
    });
  });

  test('a slot that is run again does nothing again', async () => {
    const asked = partner.simulator.requests().length;
    const before = (await listReconciliations(bench.pool, { limit: 100 })).length;
    expect(await slot('weekly', '2026-11-15')).toMatchObject({
      outcome: 'partial',
      streams: [{ outcome: 'ok' }, { open: 3, repaired: 0 }],
    });
    expect(partner.simulator.requests()).toHaveLength(asked);
    expect(await listReconciliations(bench.pool, { limit: 100 })).toHaveLength(before);
  });

  test('four that start the same slot at once do it once', async () => {
    partner.simulator.mutate({ add: 2, at: '2026-11-16T00:00:00Z' });
    const before = (await listReconciliations(bench.pool, { limit: 100 })).length;
    const { name } = partner;
    const schedule = {
      ...{ ...declaredSchedule(name), name: 'weekly', kind: 'reconcile', repair: ['missing', 'stale'] },
      ...{ streams: ['customers', 'payments'], level: 'content', lastMs: null, sample: null },
    } as unknown as ReconcileSchedule;
    const reports = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        bench.client.workflow.execute<ScheduledReconcile>('scheduledReconcile', {
          workflowId: `scheduled/four/${n}-2026-11-18T05:00:00Z`,
          taskQueue: plainNames.workflowQueue,
          args: [schedule],
        }),
      ),
    );
    expect(reports.map(({ streams: each }) => each.map(({ open }) => open))).toEqual(reports.map(() => [0, 3]));
    expect(Math.max(...reports.map(({ streams: each }) => each[1]?.repaired ?? 0))).toBe(2);
    expect(await listReconciliations(bench.pool, { limit: 100 })).toHaveLength(before + 2);
    const { rows } = await bench.pool.query(
      `select count(*)::integer as n from reconcile_repairs where reconciliation like '%weekly-2026-11-18%'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('without names it compares what can be compared so, in the time before its slot', async () => {
    const { streams: each } = await slot('keys', '2026-11-22');
    expect(each).toMatchObject([{ stream: 'payments' }]);
    const [last] = await listReconciliations(bench.pool, { limit: 1 });
    expect(last).toMatchObject({ level: 'keys', from: '2026-11-15T05:00:00.000Z', to: '2026-11-22T05:00:00.000Z' });
  });

  test('a stream that cannot be compared leaves the others, and the run says why', async () => {
    await partner.define({
      streams: { payments, customers: streams.customers, refunds: streams.refunds },
      partner: { reconcile: { all: { cron, streams: ['refunds', 'customers'], paused: true } } },
    });
    expect((await apply()).text).toContain(`- schedule/${partner.name}/weekly`);
    await expect(slot('all', '2026-11-22')).rejects.toThrow('Workflow execution failed');
    const handle = bench.client.workflow.getHandle(
      `${plainNames.scheduledRunId({ partner: partner.name, name: 'all' })}-2026-11-22T05:00:00Z`,
    );
    const { searchAttributes, status } = await handle.describe();
    expect([status.name, searchAttributes['SyncOutcome']]).toEqual(['FAILED', ['failed']]);
    const [last] = await listReconciliations(bench.pool, { limit: 1 });
    expect(last).toMatchObject({ stream: 'customers', verdict: 'clean' });
  });
});

describe('syncline reconcile', () => {
  test('two at the same moment are both exact, also where they sync in between', async () => {
    partner.simulator.mutate({ stream: 'customers', add: 2 });
    const named = ['payments', 'customers'];
    const both = await Promise.all([start(partner, named, 'one'), start(partner, named, 'two')]);
    const seen = expect.objectContaining({ stream: 'payments', seen: 201, verdict: 'differs' });
    // What was on its way has come with either sync.
    const clean = expect.objectContaining({ stream: 'customers', seen: 42, verdict: 'clean', reason: null });
    expect(both.map(({ code }) => code)).toEqual([3, 3]);
    for (const { json, text } of both) {
      expect(json).toEqual([seen, clean]);
      expect(text).toContain('open extra: 3');
    }
  });

  test('what would delete much waits for a person, and the command says so', async () => {
    const id = plainNames.reconcileId({ partner: partner.name, stream: 'payments', label: 'two' });
    const repair = (): Promise<Said> =>
      said(bench.config, { kinds: 'extra', yes: true }, (context) => reconcileRepair({ ...context, id }));
    const asked = await repair();
    const { approval } = asked.json as { readonly approval: number };
    expect(asked).toMatchObject({ code: 4, json: { id, kinds: ['extra'], repair: `${id}/repair/extra` } });
    expect(asked.text).toContain(`a person has to look at it first: syncline approvals show ${approval}`);
    expect((await repair()).json).toEqual(asked.json);
    await said(bench.config, { reason: 'their clean-up' }, (context) =>
      approvalsDecide({ ...context, id: String(approval), answer: 'approve' }),
    );
    await bench.client.workflow.getHandle(`${id}/repair/extra`).result();
    expect(await repair()).toMatchObject({ code: 0, text: expect.stringContaining('Nothing of these kinds is open') });
    expect(await start(partner, ['payments'], 'three')).toMatchObject({ code: 0, json: [{ verdict: 'clean' }] });
  });
});
