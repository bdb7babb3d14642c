import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { limitsReset } from '../../cli/commands/limits.ts';
import { partnersPause, partnersResume } from '../../cli/commands/pauses.ts';
import { reconcileStart, type ReconcileOptions } from '../../cli/commands/reconcile.ts';
import { reconcileCancel } from '../../cli/commands/reconciliations.ts';
import { PAUSE_SEEN_MS } from '../../limits/watch/pauses.ts';
import { plainNames } from '../../messages/names.ts';
import { listReconciliations, readReconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { eventually } from '../support/eventually.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { said, type Said } from '../support/said.ts';
import { payments as listed } from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const payments = { ...listed, incremental: { field: 'updated_at', start: { as: 'updated_since' } } };

const start = ({ name }: BenchPartner, label: string, more: Partial<ReconcileOptions> = {}): Promise<Said> =>
  said<ReconcileOptions>(bench.config, { level: 'content', wait: true, label, ...more }, (context) =>
    reconcileStart({ ...context, partner: name, streams: ['payments'] }),
  );
const idOf = ({ name }: BenchPartner, label: string): string =>
  plainNames.reconcileId({ partner: name, stream: 'payments', label });
const liftBlock = ({ name }: BenchPartner): Promise<Said> =>
  said(bench.config, { block: true, yes: true, reason: 'they say so' }, (context) =>
    limitsReset({ ...context, partner: name, bucket: undefined }),
  );
const waits = { code: 4, json: [{ state: 'running', verdict: null }] };
const clean = (seen: number): object => ({ code: 0, json: [{ verdict: 'clean', seen }] });

test("one that waits for the partner's limit ends the command, can be cancelled, and goes on under its label", async () => {
  const slow = await bench.partner({
    simulator: { faults: [{ kind: 'throttle', stream: 'payments', nth: 10, seconds: 300 }] },
    streams: { payments },
  });
  await slow.sync();
  const waiting = await start(slow, 'slow');
  expect(waiting).toMatchObject(waits);
  expect(waiting.text).toMatch(/payments: waits until \d{4}-\d\d-\d\dT.*Z, and goes on by itself/);
  const id = idOf(slow, 'slow');
  const cancel = (): Promise<Said> => said(bench.config, {}, (context) => reconcileCancel({ ...context, id }));
  expect(await cancel()).toMatchObject({ code: 0, json: { cancelled: id } });
  await expect(bench.client.workflow.getHandle(id).result()).rejects.toThrow('Workflow execution cancelled');
  await expect(cancel()).rejects.toThrow(`${id} does not run now`);
  const [{ requests } = { requests: 0 }] = await listReconciliations(bench.pool, { partner: slow.name, limit: 1 });
  expect(requests).toBeGreaterThanOrEqual(2);
  // The partner lets it go on before it had said.
  await liftBlock(slow);
  // Who looks while it is taken up again does not see the wait of before.
  const hold = await bench.pool.connect();
  await hold.query('begin');
  await hold.query('select from reconcile_listings where reconciliation = $1 for update', [id]);
  const again = start(slow, 'slow');
  const isHeld = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(async () => (await bench.pool.query(isHeld)).rowCount !== 0);
  expect(await readReconciliation(bench.pool, id)).toMatchObject({ deferredUntil: null });
  await hold.query('rollback');
  hold.release();
  expect(await again).toMatchObject(clean(200));
});

test('one that waits for a limit is told when a person lifts it', async () => {
  const partner = await bench.partner({
    simulator: { faults: [{ kind: 'throttle', stream: 'payments', nth: 10, seconds: 300 }] },
    streams: { payments },
  });
  await partner.sync();
  expect(await start(partner, 'lifted')).toMatchObject(waits);
  const id = idOf(partner, 'lifted');
  // Also by four people at once.
  const lifted = await Promise.all(Array.from({ length: 4 }, () => liftBlock(partner)));
  expect(lifted).toContainEqual(
    expect.objectContaining({ json: expect.objectContaining({ woken: [id] }), text: expect.stringContaining(id) }),
  );
  expect(await bench.client.workflow.getHandle(id).result()).toMatchObject({ verdict: 'clean', seen: 200 });
});

test('a sample that waits ends the command too, and is told of the end of a pause', async () => {
  const partner = await bench.partner({
    streams: { payments },
    partner: {
      webhooks: {
        changes: {
          preset: 'github',
          secrets: [{ value: 'hush' }],
          routes: [{ stream: 'payments', as: 'hint', key: 'id', fetch: { path: '/v1/payments/{id}' } }],
        },
      },
    },
  });
  await partner.sync();
  const of = { partner: partner.name };
  await said(bench.config, { reason: 'they move' }, (context) => partnersPause({ ...context, ...of }));
  // By then every worker has seen it.
  await wait(2 * PAUSE_SEEN_MS);
  const waiting = await start(partner, 'drawn', { sample: '5' });
  expect(waiting).toMatchObject(waits);
  expect(waiting.text).toContain('payments: waits until');
  const id = idOf(partner, 'drawn');
  const resumed = await said(bench.config, { reason: 'they have moved' }, (context) =>
    partnersResume({ ...context, ...of }),
  );
  expect(resumed.json).toMatchObject({ woken: [id] });
  expect(await bench.client.workflow.getHandle(id).result()).toMatchObject({ verdict: 'clean', seen: 5 });
});
