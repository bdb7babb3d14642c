import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { whenAvailable } from '../warehouse/postgres/unavailable.ts';
import type { Limiter, LimiterFor } from './limiter.ts';

const nothing = async (): Promise<void> => {};

/**
 * Permits from one row per credential in PostgreSQL, on the database's clock: exact for any number of workers. One
 * round trip per request; the arithmetic is in migrations/0002_permits.sql.
 */
export function postgresLimiter(pool: Pool, { partner, credential, limits, leaseMs }: LimiterFor): Limiter {
  const periodUs = limits.rate === undefined ? null : Math.ceil((limits.per * 1000) / limits.rate);
  return {
    async ask() {
      const lease = limits.concurrency === undefined ? null : randomUUID();
      const { rows } = await whenAvailable(() =>
        pool.query<{ wait_ms: number; cause: string | null }>({
          name: 'acquire permit',
          text: 'select * from acquire_permit($1, $2, $3, $4, $5, $6, $7)',
          values: [credential, partner, periodUs, limits.burst, limits.concurrency ?? null, lease, leaseMs],
        }),
      );
      const { wait_ms: waitMs = 0, cause = null } = rows[0] ?? {};
      if (waitMs > 0) return { granted: false, waitMs, cause: cause ?? 'limit' };
      if (lease === null) return { granted: true, release: nothing };
      return {
        granted: true,
        release: async () => {
          await whenAvailable(() =>
            pool.query({ name: 'release lease', text: 'delete from leases where lease = $1', values: [lease] }),
          );
        },
      };
    },
    async block(waitMs, reason) {
      const { rows } = await whenAvailable(() =>
        pool.query<{ until: Date }>('select block_credential($1, $2, $3, $4) as until', [
          credential,
          partner,
          waitMs,
          reason,
        ]),
      );
      return (rows[0] as { until: Date }).until.toISOString();
    },
  };
}
