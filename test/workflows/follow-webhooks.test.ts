import { createHmac, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../config/config.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { plainNames } from '../../messages/names.ts';
import { noteWork } from '../../store/webhooks/work.ts';
import { followWebhooks } from '../../workers/follow-webhooks.ts';
import { startIngestRole } from '../../workers/ingest-role.ts';
import { createLogger } from '../../workers/logger.ts';
import { freshDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { uniqueName } from '../support/temporal.ts';
import { openSuiteScene, type SuiteScene } from './suite-scene.ts';

const partner = uniqueName('hooked');
let scene: SuiteScene;
let ingest: Ingest;
beforeAll(async () => {
  scene = await openSuiteScene((baseUrl) => ({ partners: { [partner]: { baseUrl } } }), { latencyMs: 5 });
  const file = join(scene.partnersDir, `${partner}.yaml`);
  const definition = JSON.parse(await readFile(file, 'utf8')) as object;
  const fetch = { path: '/v1/payments/{id}' };
  const webhooks = {
    changes: {
      preset: 'github',
      secrets: [{ value: 'hush' }],
      routes: [
        { when: { values: ['payment'] }, stream: 'payments', as: 'hint', key: 'id', fetch, wait: '10ms' },
        { when: { values: ['customers'] }, stream: 'customers', as: 'sync', wait: '10ms' },
      ],
    },
  };
  await writeFile(file, JSON.stringify({ ...definition, webhooks }));
  ingest = await startIngestRole({
    config: readConfig(scene.env),
    log: createLogger('silent'),
    address: '127.0.0.1:0',
  });
});
afterAll(async () => {
  await ingest?.close();
  await scene?.close();
});

const deliver = async (type: string, body: object): Promise<number> => {
  const text = JSON.stringify(body);
  const answer = await fetch(`${ingest.url}/hooks/${partner}/changes`, {
    method: 'POST',
    body: text,
    headers: {
      'x-github-event': type,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', 'hush').update(text).digest('hex')}`,
    },
  });
  return answer.status;
};
const count = async (sql: string): Promise<unknown> => (await scene.pool.query<{ n: unknown }>(sql)).rows[0]?.n;

test('a record that is named is fetched by a workflow on the partner’s queue, and an order to sync is a sync', async () => {
  const [payment] = scene.simulator.truth('payments') as readonly { readonly id: string }[];
  expect(await deliver('payment', { id: payment?.id })).toBe(200);
  expect(await deliver('customers', {})).toBe(200);
  expect(await deliver('customers', {})).toBe(200);
  const open = `select count(*)::integer as n from webhook_work where noted > done`;
  const synced = `select count(*)::integer as n from runs where outcome = 'ok' and finished_at is not null`;
  expect(await eventually(async () => (await count(open)) === 0 && (await count(synced)) === 1)).toBe(true);
  const { rows } = await scene.pool.query(`select id from ${partner}.payments`);
  expect(rows).toEqual([{ id: payment?.id }]);
  expect(await count(`select count(*)::integer as n from ${partner}.customers`)).toBe(200);
  const hints = await scene.client.workflow.getHandle(plainNames.hintsId(partner)).describe();
  expect(hints.status.name).toBe('COMPLETED');
  // Both orders were one sync.
  expect(await count(`select count(*)::integer as n from runs`)).toBe(1);
});

test('a sync that is asked for in the second in which another one ended is one more', async () => {
  // The workers of the scene do not see what is asked for here.
  const own = await freshDatabase();
  const pool = openPool(own.url, 2);
  try {
    let nowMs = Date.parse('2026-11-30T10:00:00.400Z');
    const follow = followWebhooks({
      names: plainNames,
      partners: { streams: () => Promise.reject(new Error('there are no hints')) },
      pool,
      client: scene.client,
      log: { info: () => {}, warn: () => {}, debug: () => {} },
      now: () => nowMs,
      heartbeatTimeoutMs: 2000,
    });
    const ask = (): Promise<void> =>
      noteWork(pool, {
        partner,
        webhook: 'changes',
        work: [{ kind: 'sync', stream: 'customers', key: '', waitMs: 0 }],
      });
    const work = async (): Promise<unknown> =>
      (await pool.query('select noted::integer, done::integer, run_id from webhook_work')).rows[0];
    const id = (second: number): string => `sync/${partner}/..2026-11-30T10:00:0${second}Z/only:customers`;
    await ask();
    await follow();
    expect(await work()).toEqual({ noted: 1, done: 1, run_id: id(1) });
    await scene.client.workflow.getHandle(id(1)).result();
    await ask();
    nowMs += 500;
    await follow();
    expect(await work()).toMatchObject({ noted: 2, done: 1 });
    nowMs += 500;
    await eventually(async () => {
      await follow();
      return isDeepStrictEqual(await work(), { noted: 2, done: 2, run_id: id(2) });
    });
    await scene.client.workflow.getHandle(id(2)).result();
  } finally {
    await pool.end();
    await own.drop();
  }
});
