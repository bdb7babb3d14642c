import type { Pool } from 'pg';
import type { NotedCalls } from '../activities/pull/note-call.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Circuit } from '../limits/circuit/circuit.ts';
import { postgresCircuit } from '../limits/circuit/postgres-circuit.ts';
import { credentialOf } from '../limits/declare/credential.ts';
import type { Limiter } from '../limits/permits/limiter.ts';
import { postgresLimiter } from '../limits/permits/postgres-limiter.ts';
import { processLimiter } from '../limits/permits/process-limiter.ts';
import { LEASE_MS } from '../limits/slots/leases.ts';
import { circuitSettingsOf } from '../workers/circuit-settings-of.ts';
import type { CommandCalls } from './command-calls.ts';

interface Permits {
  readonly limiter: Limiter;
  readonly circuit?: Circuit;
  readonly calls?: NotedCalls;
}

export interface CheckPermits {
  /** One and the same for all streams with one credential. */
  readonly of: (partner: Partner) => Permits;
  readonly close: () => Promise<void>;
}

/** Permits within the limits of all workers; without a database, within those of this process alone. Requests that have one are noted in `calls`. */
export function checkPermits(pool: Pool | undefined, calls?: CommandCalls): CheckPermits {
  const opened = new Map<string, Permits>();
  return {
    of: (partner) => {
      const credential = credentialOf(partner);
      const permits = opened.get(credential) ?? openPermits(pool, partner, credential);
      opened.set(credential, permits);
      return calls?.noted === undefined ? permits : { ...permits, calls: calls.noted };
    },
    close: async () => {
      for (const { limiter, circuit } of opened.values()) {
        await limiter.close?.();
        await circuit?.close();
      }
      await calls?.close();
    },
  };
}

function openPermits(pool: Pool | undefined, partner: Partner, credential: string): Permits {
  if (pool === undefined) return { limiter: processLimiter(partner) };
  const { name, baseUrl, limits } = partner;
  return {
    limiter: postgresLimiter(pool, { partner: name, credential, baseUrl, limits, leaseMs: LEASE_MS }),
    circuit: postgresCircuit(pool, { partner: name, credential, settings: circuitSettingsOf(partner) }),
  };
}
