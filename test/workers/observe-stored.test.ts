import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { retryReasonOf } from '../../activities/pull/retry-reason.ts';
import { applyChange } from '../../client/schedules.ts';
import { GiveUp, PartnerDown, RetryLater, WarehouseUnavailable } from '../../core/errors.ts';
import { noMetrics, type ObservedStream } from '../../core/metrics.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { observeStreams } from '../../workers/observe-streams.ts';
import { observeQueues, observeSchedules } from '../../workers/observe-temporal.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';

let partners: OwnPartners;
let temporal: TestTemporal;
beforeAll(async () => {
  [partners, temporal] = await Promise.all([ownPartners(), testTemporal()]);
});
afterAll(async () => {
  await temporal.close();
  await partners.close();
});

const things = {
  path: '/things',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
  freshness: '26h',
} satisfies StreamInput;

test('a process that has done nothing itself tells how each stream stands', async () => {
  const partner = await partners.partner(
    (url) => ({ body: { data: url.pathname === '/bad' ? [{ id: 1 }, { id: 'one' }] : [{ id: 1 }] } }),
    {
      things,
      bad: { ...things, path: '/bad', freshness: undefined, errorBudget: { count: 10, share: 1 } },
      never: { ...things, path: '/never' },
    },
  );
  await partner.read('things');
  await partner.read('bad');
  const told = new Map<string, ObservedStream>();
  const dir = partners.folder;
  const look = observeStreams({
    dir,
    partners: { streams: async (name) => compilePartner(await loadPartner(name, { dir, env: {} }), plainNames) },
    pool: partners.pool,
    metrics: { ...noMetrics, streamObserved: ({ stream }, seen) => void told.set(stream, seen) },
  });
  await look();
  const { rows } = await partners.pool.query<{ name: string; started_at: Date; finished_at: Date }>(
    `select name, started_at, finished_at from stream_runs join streams using (stream_id) where partner = $1`,
    [partner.name],
  );
  const of = (name: string) => rows.find((row) => row.name === name);
  const promiseMs = 26 * 3_600_000;
  expect(Object.fromEntries(told)).toEqual({
    things: {
      freshAtMs: of('things')?.started_at.getTime(),
      lastOkMs: of('things')?.finished_at.getTime(),
      promiseMs,
      quarantined: 0,
    },
    bad: { freshAtMs: of('bad')?.started_at.getTime(), lastOkMs: null, promiseMs: 0, quarantined: 1 },
    never: { freshAtMs: null, lastOkMs: null, promiseMs, quarantined: 0 },
  });

  await rm(join(dir, `${partner.name}.yaml`));
  await look();
  expect(told.get('things')).toEqual({ freshAtMs: null, lastOkMs: null, promiseMs: 0, quarantined: 0 });
});

test('schedules and queues are told of as Temporal has them, and no longer once they are gone', async () => {
  const client = new Client({ connection: temporal.connection, namespace: await freshNamespace() });
  const partner = await partners.partner(() => ({ body: { data: [] } }), { things });
  const id = plainNames.scheduleId({ partner: partner.name, name: 'nightly' });
  await applyChange(client, plainNames, {
    kind: 'create',
    id,
    to: { ...declaredSchedule(partner.name), paused: true },
  });
  const told = new Map<string, unknown>();
  const seen = {
    client,
    names: plainNames,
    metrics: {
      ...noMetrics,
      scheduleObserved: ({ schedule }: { schedule: string }, standing: unknown) => void told.set(schedule, standing),
      queueObserved: (of: string, standing: unknown) => void told.set(of, standing),
    },
  };
  const look = observeSchedules(seen);
  const standing = async (): Promise<unknown> => {
    await look();
    return told.get('nightly');
  };
  // Temporal's list of schedules is a little late.
  await eventually(async () => (await standing()) !== undefined);
  expect(await standing()).toEqual({ paused: true, missedSlots: 0, skippedSlots: 0, nextMs: expect.any(Number) });
  await client.schedule.getHandle(id).delete();
  await eventually(async () => !((await standing()) as { paused: boolean }).paused);
  expect(await standing()).toEqual({ paused: false, missedSlots: 0, skippedSlots: 0, nextMs: null });

  await observeQueues({ ...seen, dir: partners.folder })();
  expect(told.get(partner.name)).toEqual({ waiting: 0, oldestSecs: 0 });
});

test.each([
  [new RetryLater('x', { at: { status: 502 } }), 'server'],
  [new RetryLater('x', { at: { status: 409 } }), 'again'],
  [new RetryLater('x', { cause: Object.assign(new Error('x'), { code: 'ETIMEDOUT' }) }), 'timeout'],
  [new RetryLater('x', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }), 'connection'],
  [new RetryLater('x'), 'again'],
  [new PartnerDown('x'), 'outage'],
  [new WarehouseUnavailable('x'), 'database'],
  [new GiveUp('x'), undefined],
])('a grant that ended with %p is tried again because of %p', (error, reason) => {
  expect(retryReasonOf(error)).toBe(reason);
});
