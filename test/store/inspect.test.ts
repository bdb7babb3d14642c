import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { statusOfStreams, type StreamStatus } from '../../store/inspect/stream-status.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream } from '../support/define-stream.ts';
import { runOf } from '../landing/run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function statusOf({ partner }: CompiledStream): Promise<StreamStatus | undefined> {
  return (await statusOfStreams(pool)).find((status) => status.partner === partner.name);
}

test('the status of a stream is that of its nights, while windows of a backfill run or fail', async () => {
  const stream = defineStream({}, { name: 'acme' });
  await (await runOf(warehouse, stream, { window: '2026-01-10' })).finish();
  const failed = await runOf(warehouse, stream, { window: '2026-01-01..2026-01-01', kind: 'backfill' });
  await warehouse.failStream({ syncId: failed.opened.run.syncId, stream: stream.name, reason: 'down' });
  await runOf(warehouse, stream, { window: '2026-01-02..2026-01-02', kind: 'backfill' });
  expect(await statusOf(stream)).toMatchObject({ lastOutcome: 'ok', lastReason: null, running: false });

  await runOf(warehouse, stream, { window: '2026-01-11' });
  await runOf(warehouse, stream, { window: '2026-01-03..2026-01-03', kind: 'backfill' });
  expect(await statusOf(stream)).toMatchObject({ lastOutcome: 'ok', running: true });
});

test('the status of a stream that has no nights is that of its windows', async () => {
  const stream = defineStream({}, { name: 'globex' });
  await (await runOf(warehouse, stream, { window: '2026-01-01..2026-01-01', kind: 'backfill' })).finish();
  expect(await statusOf(stream)).toMatchObject({ lastOutcome: 'ok', running: false });
});
