import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { doctor } from '../../cli/commands/doctor.ts';
import { readConfig } from '../../config/config.ts';
import { WarehouseUnavailable } from '../../core/errors.ts';
import { checkSessions } from '../../store/session/check-sessions.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { pinSession } from '../../store/session/pin-session.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { said } from '../support/said.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTransactionPooler, type TransactionPooler } from '../support/transaction-pooler.ts';

let database: TestDatabase;
let pooler: TransactionPooler;
beforeAll(async () => {
  database = await freshDatabase();
  pooler = await startTransactionPooler(database.url);
});
afterAll(async () => {
  await pooler.close();
  await database.drop();
});

const cure =
  /pooler in transaction or statement mode: .*set the pooler to session mode .*DATABASE_URL .*docs\/services/;

describe('behind a pooler in transaction mode', () => {
  test('a check says so, and how to mend it', async () => {
    const pool = openPool(pooler.url, 2);
    await expect(checkSessions(pool)).rejects.toThrow(cure);
    await expect(checkSessions(pool)).rejects.toThrow(WarehouseUnavailable);
    await pool.end();
  });

  test('a connection is refused that another session has used', async () => {
    const used = await database.pool.connect();
    await used.query(`select set_config('syncline.session', 'of another', false)`);
    await expect(pinSession(used, 'syncline')).rejects.toThrow(cure);
    used.release(true);
  });

  test('nothing is migrated', async () => {
    await expect(migrate(pooler.url, { schema: 'never' })).rejects.toThrow(cure);
    expect((await database.pool.query(`select from pg_namespace where nspname = 'never'`)).rows).toHaveLength(0);
  });

  test('the doctor says so', async () => {
    const folder = await temporaryFolder();
    const config = readConfig({
      DATABASE_URL: pooler.url,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      SYNCLINE_PARTNERS_DIR: folder.path,
    });
    const { json } = await said(config, {}, doctor);
    expect(json).toContainEqual({ check: 'database', state: 'problem', says: expect.stringMatching(cure) });
    await folder.remove();
  });
});

test('PostgreSQL itself passes the check', async () => {
  const pool = openPool(database.url, 2);
  await expect(checkSessions(pool)).resolves.toBeUndefined();
  await pool.end();
});
