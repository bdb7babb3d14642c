import type { Pool } from 'pg';
import { sweepSamples } from '../limits/watch/observe.ts';
import { sweepCalls } from '../store/calls/sweep-calls.ts';
import { sweepGrants } from '../store/retention/forget-grants.ts';
import { sweepDeliveries } from '../store/webhooks/deliveries.ts';

/** Removes what is kept for a time that no definition says. */
export async function sweepOld(pool: Pool, { callsMs }: { readonly callsMs: number }): Promise<void> {
  await sweepDeliveries(pool);
  await sweepCalls(pool, callsMs);
  await sweepGrants(pool);
  await sweepSamples(pool);
}
