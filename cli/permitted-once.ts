import type { Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Permitted, TokenAnswer } from '../http/auth/token-exchange.ts';
import type { PageRequest } from '../core/page.ts';
import { PermitLapsed } from '../core/departure.ts';
import { credentialOf } from '../limits/declare/credential.ts';
import { postgresLimiter } from '../limits/permits/postgres-limiter.ts';
import { LEASE_MS } from '../limits/slots/leases.ts';

/** What became of it. Times are epoch ms. */
export interface MadeOnce {
  readonly request: PageRequest;
  readonly sentAtMs: number;
  readonly waitedMs: number;
  readonly nowMs: number;
  readonly came: { readonly answer: TokenAnswer } | { readonly error: unknown };
}

const PATIENCE_MS = 30 * SECOND;

/** A permit for a request that a command makes, within the limits of all workers. `note` is told what came of it. */
export function permittedOnce(pool: Pool, partner: Partner, note: (made: MadeOnce) => void): Permitted {
  return async (request, send) => {
    const wantedAtMs = Date.now();
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
      let sentAtMs = Date.now();
      const told = (came: MadeOnce['came']): void =>
        note({ request, came, sentAtMs, waitedMs: sentAtMs - wantedAtMs, nowMs: Date.now() });
      const { departure } = permit;
      try {
        const answer = await send(
          departure && {
            ...departure,
            onWire: () => {
              sentAtMs = Date.now();
              departure.onWire();
            },
          },
        );
        told({ answer });
        return answer;
      } catch (error) {
        // One that lapsed was never sent.
        if (!(error instanceof PermitLapsed)) told({ error });
        throw error;
      } finally {
        await permit.release();
      }
    } finally {
      await limiter.close?.();
    }
  };
}
