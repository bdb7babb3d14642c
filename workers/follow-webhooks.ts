import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import { grantTimes } from '../activities/control.ts';
import { stillRunning } from '../client/governor.ts';
import { startHints } from '../client/start-hints.ts';
import { startSync } from '../client/start-sync.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import type { Log } from '../http/log.ts';
import type { Names } from '../messages/names.ts';
import { partnersWithWork, syncBegun, syncWaits, takeSyncs, type DueSync } from '../store/webhooks/work.ts';

export interface FollowWebhooksDeps {
  readonly names: Names;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly client: Client;
  readonly log: Log;
  readonly now: () => number;
  readonly heartbeatTimeoutMs: number;
}

/** A process that dies while it begins a sync leaves it to the others after this. */
const TAKEN_MS = 30 * SECOND;

/** Returns what begins the work that deliveries of webhooks have left: the server that takes them in need not reach Temporal. */
export function followWebhooks(deps: FollowWebhooksDeps): () => Promise<void> {
  let trouble: string | undefined;
  return async () => {
    try {
      for (const partner of await partnersWithWork(deps.pool, 'hint')) await followHints(deps, partner);
      for (const sync of await takeSyncs(deps.pool, TAKEN_MS)) await begin(deps, sync);
      trouble = undefined;
    } catch (error) {
      // It looks every second, and says what is wrong once.
      const reason = explain(error);
      if (trouble !== reason) deps.log.warn({ error: reason }, 'cannot look for what webhooks have left to do');
      trouble = reason;
    }
  };
}

async function followHints(deps: FollowWebhooksDeps, partner: string): Promise<void> {
  const { client, names, partners, log } = deps;
  try {
    const [stream] = (await partners.streams(partner)).values();
    if (stream === undefined) return;
    await startHints(client, { names, partner, times: grantTimes(stream.partner, deps) });
  } catch (error) {
    // Its rows stay, and the next look finds them.
    log.warn({ partner, error: explain(error) }, 'records that webhooks have named cannot be fetched now');
  }
}

/** One sync of the same streams at a time: what is asked for while it runs is read by the next one. */
async function begin({ client, names, pool, log, now }: FollowWebhooksDeps, sync: DueSync): Promise<void> {
  const { partner, stream, runId } = sync;
  try {
    if (runId !== null && (await stillRunning(client, [runId])).length > 0) {
      await syncWaits(pool, { partner, stream, waitMs: SECOND, reason: `${runId} still runs` });
      return;
    }
    const started = await startSync(client, {
      partner,
      streams: stream === '' ? [] : [stream],
      // All that is new up to now; the second that has begun is a part of it.
      window: `..${new Date(Math.ceil(now() / SECOND) * SECOND).toISOString().replace('.000Z', 'Z')}`,
      kind: 'manual',
      generation: 1,
      installation: names.installation,
    });
    // Another one of this second has ended already, and may have read before this was asked for: the next second has a window of its own.
    if (started.state === 'finished')
      await syncWaits(pool, { partner, stream, waitMs: SECOND, reason: `${started.runId} has just ended` });
    else await syncBegun(pool, { ...sync, runId: started.runId });
  } catch (error) {
    log.warn({ partner, error: explain(error) }, 'a sync that a webhook asked for cannot begin now');
    await syncWaits(pool, { partner, stream, waitMs: MINUTE, reason: explain(error).slice(0, 1000) });
  }
}
