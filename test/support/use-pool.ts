import { afterAll, beforeAll } from '@jest/globals';
import type { Pool } from 'pg';
import { openPool } from '../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

export interface UsedPool {
  readonly database: TestDatabase;
  /** As the product opens it. */
  readonly pool: Pool;
}

/** A migrated database of the test file's own and a pool of it, from the first test to the last. */
export function usePool(most?: number): UsedPool {
  const used: { -readonly [K in keyof UsedPool]?: UsedPool[K] } = {};
  beforeAll(async () => {
    used.database = await freshDatabase();
    used.pool = openPool(used.database.url, most);
  });
  afterAll(async () => {
    await used.pool?.end();
    await used.database?.drop();
  });
  return used as UsedPool;
}
