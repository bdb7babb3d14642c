import type { Pool } from 'pg';
import { formatDuration } from '../../core/duration.ts';
import { usualSilenceMs } from '../../core/usual-silence.ts';
import { pastSilences, webhookPulse } from './list-webhooks.ts';

/** How a webhook that a definition declares stands. */
export interface WebhookStanding {
  readonly partner: string;
  readonly webhook: string;
  /** undefined: nothing came in the last 30 days. */
  readonly silentMs: number | undefined;
  /** How long a silence may last; undefined: nothing says it. */
  readonly expectedMs: number | undefined;
  /** `expect` says it; otherwise past silences do. */
  readonly declared: boolean;
  readonly failedDeliveries: number;
  readonly failedHints: number;
}

export interface DeclaredWebhook {
  readonly partner: string;
  readonly webhook: string;
  /** ms. */
  readonly expect: number | undefined;
}

/** `usual`: what past silences say, where that is known already. */
export async function webhookStanding(
  pool: Pool,
  { partner, webhook, expect }: DeclaredWebhook,
  { nowMs, usual }: { readonly nowMs: number; readonly usual?: { readonly ms: number | undefined } },
): Promise<WebhookStanding> {
  const { lastAtMs, ...failed } = await webhookPulse(pool, { partner, webhook });
  const learnt =
    expect ?? (usual === undefined ? usualSilenceMs(await pastSilences(pool, { partner, webhook })) : usual.ms);
  return {
    partner,
    webhook,
    silentMs: lastAtMs === undefined ? undefined : Math.max(0, nowMs - lastAtMs),
    expectedMs: learnt,
    declared: expect !== undefined,
    ...failed,
  };
}

/** What a person should look at, in words; empty: nothing. */
export function standingWords(standing: WebhookStanding): readonly string[] {
  const { partner, webhook, silentMs, expectedMs, declared, failedDeliveries, failedHints } = standing;
  const at = `${partner}/${webhook}`;
  const words: string[] = [];
  if (silentMs === undefined && declared)
    words.push(
      `${at}: nothing has come in the last 30 days, though \`expect\` says that something does; look whether the partner still has the subscription`,
    );
  if (silentMs !== undefined && expectedMs !== undefined && silentMs > expectedMs)
    words.push(
      `${at}: nothing has come for ${formatDuration(silentMs)}, and ${declared ? `\`expect\` says ${formatDuration(expectedMs)}` : `silences of up to ${formatDuration(expectedMs / 2)} are usual`}; look whether the partner still has the subscription, and sync to bring what was missed`,
    );
  if (failedDeliveries > 0)
    words.push(
      `${at}: ${failedDeliveries} deliveries could not be taken and are kept; once the definition fits, \`syncline webhooks replay ${partner} ${webhook}\``,
    );
  if (failedHints > 0)
    words.push(
      `${at}: ${failedHints} records that it named could not be fetched; \`syncline webhooks replay ${partner} ${webhook}\` tries again`,
    );
  return words;
}
