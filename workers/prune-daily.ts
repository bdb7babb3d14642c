import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import { startPrune } from '../client/start-prune.ts';
import { listPartners } from '../definitions/load.ts';
import type { Names } from '../messages/names.ts';
import { removesEvents } from '../definitions/keep.ts';
import { forgetOld } from '../store/retention/forget-old.ts';
import type { KeptFindings } from '../store/retention/forgetting.ts';

export interface PruneDailyDeps {
  readonly names: Names;
  readonly partnersDir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly client: Client;
  readonly now: () => number;
  readonly pool: Pool;
}

/**
 * Returns what begins, once a day (of UTC) for each partner that says how long something is kept, to remove the rest; and removes what is old
 * of all streams (`store/retention/forget-old.ts`). `syncline prune` does the same by hand.
 */
export function pruneDaily({ names, partnersDir, partners, client, now, pool }: PruneDailyDeps): () => Promise<void> {
  /** By partner: the last day that it was begun, by this process or another. */
  const begun = new Map<string, string>();
  let forgotten = '';
  return async () => {
    const day = new Date(now()).toISOString().slice(0, 10);
    if (forgotten !== day) {
      const { kept, except } = await keptFindings({ partnersDir, partners });
      await forgetOld(pool, { kept, except, dryRun: false });
      forgotten = day;
    }
    for (const partner of await listPartners(partnersDir)) {
      if (begun.get(partner) === day) continue;
      // A definition that does not hold keeps all; its syncs say why.
      const all = await partners.streams(partner).catch(() => undefined);
      const streams = [...(all?.values() ?? [])].filter(({ keep }) => removesEvents(keep)).map(({ name }) => name);
      if (streams.length === 0) continue;
      await startPrune(client, { names, partner, streams, day });
      begun.set(partner, day);
    }
  };
}

async function keptFindings({
  partnersDir,
  partners,
}: Pick<PruneDailyDeps, 'partnersDir' | 'partners'>): Promise<{ kept: KeptFindings[]; except: string[] }> {
  const kept: KeptFindings[] = [];
  const except: string[] = [];
  for (const partner of await listPartners(partnersDir))
    try {
      for (const { name: stream, keep } of (await partners.streams(partner)).values())
        if (keep?.findings !== undefined) kept.push({ partner, stream, keptMs: keep.findings });
    } catch {
      except.push(partner);
    }
  return { kept, except };
}
