import type { Pool } from 'pg';
import { SECOND } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import type { Log } from '../../http/log.ts';
import { noteRefusals, type RefusalCount } from '../../store/webhooks/refusals.ts';

export interface RefusalCounts {
  count(partner: string, webhook: string, reason: string): void;
  /** Writes what is left. */
  stop(): Promise<void>;
}

/** Counts refused deliveries, and writes and logs the sums now and then: whoever sends forged ones may send very many. */
export function countRefusals(pool: Pool, log: Log, everyMs = 5 * SECOND): RefusalCounts {
  let counts = new Map<string, RefusalCount>();
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    if (counts.size === 0) return;
    const sums = [...counts.values()];
    counts = new Map();
    for (const { partner, webhook, reason, count } of sums)
      log.warn({ partner, webhook, reason, count }, 'webhook deliveries were refused');
    await noteRefusals(pool, sums).catch((error: unknown) =>
      log.warn({ error: explain(error) }, 'refused deliveries were not counted'),
    );
  };
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, everyMs);
  timer.unref();
  return {
    count: (partner, webhook, reason) => {
      const id = JSON.stringify([partner, webhook, reason]);
      const count = (counts.get(id)?.count ?? 0) + 1;
      counts.set(id, { partner, webhook, reason, count });
    },
    stop: async () => {
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}
