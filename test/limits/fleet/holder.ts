import { MINUTE } from '../../../core/duration.ts';
import { limits } from '../../../definitions/definition.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { ProcessSession } from '../../../store/session/process-session.ts';

/** A process that takes a slot, says so, and keeps it until it is killed. */
export interface HolderOptions {
  readonly databaseUrl: string;
  readonly credential: string;
  readonly leaseMs: number;
}

const { databaseUrl, credential, leaseMs } = JSON.parse(process.argv[2] ?? '{}') as HolderOptions;
const pool = openPool(databaseUrl, 4);
const limiter = postgresLimiter(pool, {
  partner: 'acme',
  credential,
  limits: limits.parse({ concurrency: 1 }),
  leaseMs,
});
// The first one opens its session; the lease of a later one says whose it is.
const first = await limiter.ask({ patienceMs: MINUTE });
if (first.granted) await first.release();
await ProcessSession.of(pool).connection.connected();
await limiter.ask({ patienceMs: MINUTE });
process.stdout.write('held\n');
process.stdin.resume().once('close', () => process.exit(0));
