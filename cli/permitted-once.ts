import type { Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Permitted } from '../http/auth/token-exchange.ts';
import { credentialOf } from '../limits/declare/credential.ts';
import { postgresLimiter } from '../limits/permits/postgres-limiter.ts';
import { LEASE_MS } from '../limits/slots/leases.ts';

const PATIENCE_MS = 30 * SECOND;

/** A permit for a request that a command makes, within the limits of all workers. */
export function permittedOnce(pool: Pool, partner: Partner): Permitted {
  return async (request, send) => {
    const { name, baseUrl, limits } = partner;
    const limiter = postgresLimiter(pool, {
      partner: name,
      credential: credentialOf(partner),
      baseUrl,
      limits,
      leaseMs: LEASE_MS,
    });
    try {
      const permit = await limiter.ask({ ...request, patienceMs: PATIENCE_MS, departs: true });
      if (!permit.granted) throw new InvalidInput(`no permit for ${name} (${permit.cause}): try again later`);
      try {
        return await send(permit.departure);
      } finally {
        await permit.release();
      }
    } finally {
      await limiter.close?.();
    }
  };
}
