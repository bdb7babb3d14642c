import type { Client } from '@temporalio/client';
import { tellGovernor } from '../client/governor.ts';
import type { NotedWait } from '../messages/deferral.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** Writes down why a stream waits; it may concern the whole partner, so its governor looks at once. */
export async function noteWait(deps: ActivityDeps, client: Client, wait: NotedWait): Promise<void> {
  const { names } = deps;
  const { partner, syncId, until, cause, reason } = wait;
  await deps.warehouse.explainDeferral({ syncId, until, cause, kind: reason });
  if (reason === 'limit') await tellGovernor(client, { names, partner, signal: 'throttled', news: { until, cause } });
  // The circuit may have opened, or a person has paused the partner.
  else await tellGovernor(client, { names, partner, signal: 'refresh', news: null });
}
