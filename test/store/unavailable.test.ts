import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { NeedsAttention, WarehouseUnavailable } from '../../core/errors.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import { postgresLimiter } from '../../limits/permits/postgres-limiter.ts';
import { limits } from '../../definitions/definition.ts';
import { defineStream } from '../support/define-stream.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runOf } from '../landing/run-of.ts';

let folder: TemporaryFolder;
let server: PostgresServer;
let pool: Pool;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startPostgres({ dataDir: join(folder.path, 'data'), durable: false });
  await migrate(server.url);
  pool = openPool(server.url);
});
afterAll(async () => {
  await pool.end();
  await server.stop();
  await folder.remove();
});

test('a server that is stopped, in a transaction or before it, is a warehouse that is not available', async () => {
  const stream = defineStream();
  const warehouse = postgresWarehouse(pool, {
    failpoint: async (name) => {
      if (name === 'commit.middle') await server.kill();
    },
  });
  const limiter = postgresLimiter(pool, {
    partner: 'acme',
    credential: 'c',
    limits: limits.parse({ concurrency: 1 }),
    leaseMs: 1000,
  });
  const permit = await limiter.ask();
  const run = await runOf(warehouse, stream);
  await expect(run.commit(run.page([{ id: 'a' }]))).rejects.toThrow(WarehouseUnavailable);
  await expect(runOf(warehouse, stream)).rejects.toThrow(WarehouseUnavailable);
  await expect(warehouse.streamReport(run.opened.run.syncId)).rejects.toThrow(WarehouseUnavailable);
  await expect(limiter.ask()).rejects.toThrow(WarehouseUnavailable);
  await expect(limiter.block(1000, 'throttled')).rejects.toThrow(WarehouseUnavailable);
  await expect(permit.granted ? permit.release() : null).rejects.toThrow(WarehouseUnavailable);
  await limiter.close?.();
});

test('every other error passes as it is', async () => {
  for (const error of [new NeedsAttention('a person'), Object.assign(new Error('duplicate'), { code: '23505' })])
    await expect(whenAvailable(() => Promise.reject(error))).rejects.toBe(error);
});
