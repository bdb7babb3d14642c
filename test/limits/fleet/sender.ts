import { setTimeout as sleep } from 'node:timers/promises';
import { PermitLapsed } from '../../../core/departure.ts';
import { limits } from '../../../definitions/definition.ts';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { createPartnerClient } from '../../../http/client.ts';
import { LEASE_MS } from '../../../limits/leases.ts';
import { postgresLimiter } from '../../../limits/postgres-limiter.ts';
import { openPool } from '../../../warehouse/postgres/open-pool.ts';

/** One process of the fleet: some streams that each ask for a permit, send, and ask again, until the partner says 410. */
export interface SenderOptions {
  readonly databaseUrl: string;
  readonly partnerUrl: string;
  readonly limits: PartnerInput['limits'];
  readonly streams: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as SenderOptions;
const pool = openPool(options.databaseUrl, 4);
const limiter = postgresLimiter(pool, {
  partner: 'strict',
  credential: 'shared',
  baseUrl: options.partnerUrl,
  limits: limits.parse(options.limits),
  leaseMs: LEASE_MS,
});
const client = createPartnerClient({
  partner: { name: 'strict', baseUrl: options.partnerUrl, timeout: 20_000, maxBytes: 100_000 },
  authorizer: { authorize: async (request) => request, canRefresh: false, refresh: async () => false },
  log: { info: () => {}, warn: () => {}, debug: () => {} },
  now: Date.now,
});
const { signal } = new AbortController();
const counts = { sent: 0, lapsed: 0, refused: 0 };

async function stream(): Promise<void> {
  const url = `${options.partnerUrl}/items`;
  for (;;) {
    const permit = await limiter.ask({ method: 'GET', url, lane: 'normal', signal, patienceMs: 5000 });
    if (!permit.granted) {
      counts.refused += 1;
      await sleep(Math.min(permit.waitMs, 1000));
      continue;
    }
    try {
      const request = { method: 'GET' as const, url, headers: {}, body: undefined };
      const { status } = await client.send(request, signal, permit.departure);
      if (status === 410) return;
      counts.sent += 1;
      await permit.answered?.({ quotas: [], cost: undefined });
    } catch (error) {
      if (!(error instanceof PermitLapsed)) throw error;
      counts.lapsed += 1;
    } finally {
      await permit.release();
    }
  }
}

process.stdin.resume().once('close', () => process.exit(0));
await Promise.all(Array.from({ length: options.streams }, stream));
client.close();
await limiter.close?.();
await pool.end();
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.exit(0);
