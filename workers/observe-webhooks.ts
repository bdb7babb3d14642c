import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import { MINUTE } from '../core/duration.ts';
import type { Metrics } from '../core/metrics.ts';
import { usualSilenceMs } from '../core/usual-silence.ts';
import { listPartners } from '../definitions/load.ts';
import { pastSilences } from '../store/webhooks/list-webhooks.ts';
import { webhookStanding } from '../store/webhooks/silence.ts';

/** What is usual changes slowly. */
const LEARNT_FOR_MS = 10 * MINUTE;

/** Returns what looks at how long each webhook has been silent and what waits for a person, and tells the metrics of it. */
export function observeWebhooks({
  dir,
  partners,
  pool,
  metrics,
  now,
}: {
  readonly dir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly now: () => number;
}): () => Promise<void> {
  const learnt = new Map<string, { readonly ms: number | undefined; readonly atMs: number }>();
  return async () => {
    for (const partner of await listPartners(dir)) {
      // A definition that does not hold has no webhooks; its syncs say why.
      const streams = await partners.streams(partner).catch(() => undefined);
      const [first] = streams?.values() ?? [];
      for (const [webhook, { expect }] of Object.entries(first?.partner.webhooks ?? {})) {
        const of = { partner, webhook };
        const id = `${partner}/${webhook}`;
        let usual = learnt.get(id);
        if (expect === undefined && (usual === undefined || now() - usual.atMs > LEARNT_FOR_MS)) {
          usual = { ms: usualSilenceMs(await pastSilences(pool, of)), atMs: now() };
          learnt.set(id, usual);
        }
        const standing = await webhookStanding(pool, { ...of, expect }, { nowMs: now(), usual: { ms: usual?.ms } });
        metrics.webhookObserved(of, {
          silentSecs: (standing.silentMs ?? 0) / 1000,
          expectedSecs: standing.silentMs === undefined ? 0 : (standing.expectedMs ?? 0) / 1000,
          failedDeliveries: standing.failedDeliveries,
          failedHints: standing.failedHints,
        });
      }
    }
  };
}
