import { setTimeout as sleep } from 'node:timers/promises';
import { PermitLapsed, type Departure } from '../../../core/departure.ts';
import { limits } from '../../../definitions/definition.ts';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { createPartnerClient } from '../../../http/client.ts';
import { LEASE_MS } from '../../../limits/slots/leases.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { openPool } from '../../../store/session/open-pool.ts';

/**
 * One process of the fleet: some streams that each ask for a permit, send, and ask again, until the partner says 410. Says of each
 * request when it left, at once, for it may be killed; and at its end what it counted.
 */
export interface SenderOptions {
  readonly databaseUrl: string;
  readonly partnerUrl: string;
  readonly limits: PartnerInput['limits'];
  readonly streams: number;
}

export type Said =
  | { readonly id: string; readonly leftUs: number }
  | { readonly sent: number; readonly lapsed: number; readonly refused: number };

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
  authorizer: {
    authorize: async (request) => request,
    canRefresh: false,
    refresh: async () => false,
    secrets: async () => [],
  },
  log: { info: () => {}, warn: () => {}, debug: () => {} },
  now: Date.now,
});
const { signal } = new AbortController();
const counts = { sent: 0, lapsed: 0, refused: 0 };

let ids = 0;
/** The machine's monotonic clock, as the partner reads it. */
const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);
const say = (line: Said): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Notes when the request is handed to the kernel, before it is. */
const noted = (departure: Departure, id: string): Departure => ({
  ...departure,
  ready: (write, turnBack) =>
    departure.ready(() => {
      const leftUs = nowUs();
      write();
      say({ id, leftUs });
    }, turnBack),
});

async function stream(): Promise<void> {
  for (;;) {
    const id = `${process.pid}.${(ids += 1)}`;
    const url = `${options.partnerUrl}/items?id=${id}`;
    const permit = await limiter.ask({ method: 'GET', url, lane: 'normal', signal, patienceMs: 5000 });
    if (!permit.granted) {
      counts.refused += 1;
      await sleep(Math.min(permit.waitMs, 1000));
      continue;
    }
    try {
      const request = { method: 'GET' as const, url, headers: {}, body: undefined };
      const { status } = await client.send(request, signal, permit.departure && noted(permit.departure, id));
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
say(counts);
process.exit(0);
