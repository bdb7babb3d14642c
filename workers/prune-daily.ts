import type { Client } from '@temporalio/client';
import type { Partners } from '../activities/access.ts';
import { startPrune } from '../client/start-prune.ts';
import { listPartners } from '../definitions/load.ts';
import type { Names } from '../messages/names.ts';

export interface PruneDailyDeps {
  readonly names: Names;
  readonly partnersDir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly client: Client;
  readonly now: () => number;
}

/** Returns what begins, once a day (of UTC) for each partner that says how long something is kept, to remove the rest. */
export function pruneDaily({ names, partnersDir, partners, client, now }: PruneDailyDeps): () => Promise<void> {
  /** By partner: the last day that it was begun, by this process or another. */
  const begun = new Map<string, string>();
  return async () => {
    const day = new Date(now()).toISOString().slice(0, 10);
    for (const partner of await listPartners(partnersDir)) {
      if (begun.get(partner) === day) continue;
      // A definition that does not hold keeps all; its syncs say why.
      const all = await partners.streams(partner).catch(() => undefined);
      const streams = [...(all?.values() ?? [])].filter(({ keep }) => keep !== undefined).map(({ name }) => name);
      if (streams.length === 0) continue;
      await startPrune(client, { names, partner, streams, day });
      begun.set(partner, day);
    }
  };
}
