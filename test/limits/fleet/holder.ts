import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../../definitions/definition.ts';
import { LEASE_MS } from '../../../limits/slots/leases.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { openPool } from '../../../store/session/open-pool.ts';

/** A process that takes a slot, says so, and keeps it until it is killed. */
export interface HolderOptions {
  readonly databaseUrl: string;
  readonly credential: string;
}

const { databaseUrl, credential } = JSON.parse(process.argv[2] ?? '{}') as HolderOptions;
const limiter = postgresLimiter(openPool(databaseUrl, 4), {
  partner: 'acme',
  credential,
  limits: limits.parse({ concurrency: 1 }),
  leaseMs: LEASE_MS,
});
// The first one opens its session; the lease of a later one says whose it is.
const first = await limiter.ask({ patienceMs: 5000 });
if (first.granted) await first.release();
await sleep(500);
await limiter.ask({ patienceMs: 5000 });
process.stdout.write('held\n');
process.stdin.resume().once('close', () => process.exit(0));
