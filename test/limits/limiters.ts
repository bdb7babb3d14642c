import type { Pool } from 'pg';
import { limits as limitsSchema, type Limits } from '../../definitions/definition.ts';
import type { GrantedPermit, Limiter, LimiterFor, Permit } from '../../limits/permits/limiter.ts';
import { postgresLimiter } from '../../limits/permits/postgres-limiter.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

/** Limiters of one database, as if each pool were a process. */
export interface Limiters {
  readonly database: TestDatabase;
  readonly pools: readonly Pool[];
  readonly of: (
    change: Partial<Limits>,
    how?: { readonly credential?: string; readonly pool?: Pool } & Partial<Pick<LimiterFor, 'leaseMs' | 'keepSlotsMs'>>,
  ) => Limiter;
  readonly close: () => Promise<void>;
}

export async function openLimiters(): Promise<Limiters> {
  const database = await freshDatabase();
  const pools = [1, 2, 3].map(() => openPool(database.url, 4));
  const limiters: Limiter[] = [];
  return {
    database,
    pools,
    of: (change, { credential = nextCredential(), pool = pools[0]!, leaseMs = 60_000, keepSlotsMs } = {}) => {
      const limits = { ...limitsSchema.parse({}), ...change };
      const limiter = postgresLimiter(pool, { partner: 'acme', credential, limits, leaseMs, keepSlotsMs });
      limiters.push(limiter);
      return answered(limiter);
    },
    close: async () => {
      // What they still hold is renewed until then.
      for (const limiter of limiters) await limiter.close?.();
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
    },
  };
}

/** On a busy machine a request without patience is refused after a second though the database was not asked: it asks again. */
const answered = (limiter: Limiter): Limiter => ({
  ...limiter,
  ask: async (request) => {
    for (;;) {
      const permit = await limiter.ask(request);
      const wasAsked = permit.granted || (request?.patienceMs ?? 0) > 0 || permit.cause !== 'others were first';
      if (wasAsked) return permit;
    }
  },
});

let credentials = 0;
export const nextCredential = (): string => `credential ${++credentials}`;

export const granted = (permit: Permit): GrantedPermit => {
  if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
  return permit;
};

type Quota = Limits['quotas'][number];
export const quota = (change: Partial<Quota>): Quota => ({
  name: 'daily',
  limit: 10,
  per: 'day',
  resetAt: '00:00',
  zone: 'UTC',
  unit: 'requests',
  ...change,
});
