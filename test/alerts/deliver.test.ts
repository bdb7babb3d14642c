import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deliverAlert } from '../../activities/alerts/deliver.ts';
import { findingOf } from '../../alerts/find.ts';
import { settle } from '../../alerts/settle.ts';
import { alertsFile } from '../../definitions/alerts.ts';
import { plainNames } from '../../messages/names.ts';
import { beginLook, listAlerts, settleAlerts } from '../../store/alerts/alerts.ts';
import { addDeliveries, pendingDeliveries, readDelivery, type DeliveryCause } from '../../store/alerts/deliveries.ts';
import { createLogger } from '../../workers/logger.ts';
import { usePool } from '../support/use-pool.ts';
import { httpSink, type HttpSink } from './sinks.ts';

const store = usePool();
let sink: HttpSink;
beforeAll(async () => {
  sink = await httpSink();
});
afterAll(() => sink?.close());

const failed = findingOf({
  rule: 'run-failed',
  partner: 'acme',
  stream: 'orders',
  since: '2026-11-24T03:00:00.000Z',
  summary: 'the last run of acme.orders ended failed: answered 500',
});

async function look(findings: readonly (typeof failed)[], nowMs: number): Promise<readonly number[]> {
  const decide = (standing: Parameters<typeof settle>[0]) => settle(standing, findings, { nowMs });
  await settleAlerts(store.pool, { look: await beginLook(store.pool), nowMs, decide });
  return (await listAlerts(store.pool)).map(({ id }) => id);
}

/** As a look notes it, and the workflow of the message does it. */
async function deliver(alertIds: readonly number[], cause: DeliveryCause = 'news'): Promise<unknown> {
  await addDeliveries(store.pool, [{ channel: 'hook', groupKey: 'acme', alertIds, cause }]);
  const [{ id } = { id: 0 }] = await pendingDeliveries(store.pool);
  const settings = alertsFile.parse({ channels: { hook: { type: 'webhook', url: sink.url } } });
  const deps = {
    pool: store.pool,
    names: plainNames,
    partnersDir: '.',
    env: {},
    partners: { streams: () => Promise.resolve(new Map()) },
    settings: { read: () => Promise.resolve({ settings, trouble: null }) },
    log: createLogger('silent'),
    now: Date.now,
  };
  await deliverAlert(deps, { delivery: id, channel: 'hook' }, new AbortController().signal);
  return (await readDelivery(store.pool, id))?.state;
}

test('what a look that went on late has noted as due once more is not said once more', async () => {
  const nowMs = Date.now();
  const ids = await look([failed], nowMs);
  expect(await deliver(ids)).toBe('sent');
  expect(await deliver(ids)).toBe('dropped');
  // What is said again after hours is meant.
  expect(await deliver(ids, 'repeat')).toBe('sent');
  await look([], nowMs + 3_600_000);
  expect(await deliver(ids)).toBe('sent');
  expect(await deliver(ids)).toBe('dropped');
  const said = sink.received.map(({ text }) => JSON.parse(text) as { open: unknown[]; resolved: unknown[] });
  expect(said.map(({ open, resolved }) => [open.length, resolved.length])).toEqual([
    [1, 0],
    [1, 0],
    [0, 1],
  ]);
});
