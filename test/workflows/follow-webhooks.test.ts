import { createHmac, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../config/config.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { plainNames } from '../../messages/names.ts';
import type { Simulator } from '../../simulator/start.ts';
import { startIngestRole } from '../../workers/ingest-role.ts';
import { createLogger } from '../../workers/logger.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporalAddress, uniqueName } from '../support/temporal.ts';
import { openScene, startPartner, type Scene } from './scene.ts';

const partner = uniqueName('hooked');
let database: TestDatabase;
let simulator: Simulator;
let scene: Scene;
let ingest: Ingest;
beforeAll(async () => {
  [database, simulator] = await Promise.all([freshDatabase(), startPartner(5)]);
  scene = await openScene({
    temporalAddress: temporalAddress(),
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    partners: { [partner]: { baseUrl: simulator.url } },
  });
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
    config: readConfig({
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporalAddress(),
      SYNCLINE_PARTNERS_DIR: scene.partnersDir,
    }),
    log: createLogger('silent'),
    address: '127.0.0.1:0',
  });
});
afterAll(async () => {
  await ingest?.close();
  await scene?.close();
  await simulator?.close();
  await database?.drop();
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
  const [payment] = simulator.truth('payments') as readonly { readonly id: string }[];
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
