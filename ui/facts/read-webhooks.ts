import type { Pool } from 'pg';
import { webhookFacts, type WebhookFacts } from '../../store/webhooks/list-webhooks.ts';
import { standingWords, webhookStanding, type WebhookStanding } from '../../store/webhooks/silence.ts';
import type { Definitions } from './known-definitions.ts';

export interface ShownWebhook {
  readonly partner: string;
  readonly webhook: string;
  /** As whose it is signed; null: otherwise. Undefined: no definition declares it. */
  readonly preset: string | null | undefined;
  readonly facts: WebhookFacts | undefined;
  readonly standing: WebhookStanding;
  /** What a person should look at; empty: nothing. */
  readonly says: readonly string[];
}

export async function readWebhooks(
  pool: Pool,
  { partners }: Definitions,
  nowMs = Date.now(),
): Promise<readonly ShownWebhook[]> {
  const facts = await webhookFacts(pool);
  const declared = [...partners].flatMap(([partner, { webhooks }]) =>
    webhooks.map(({ name, preset, expect }) => ({ partner, webhook: name, preset, expect })),
  );
  const others = facts
    .filter((one) => !declared.some(({ partner, webhook }) => one.partner === partner && one.webhook === webhook))
    .map(({ partner, webhook }) => ({ partner, webhook, preset: undefined, expect: undefined }));
  return Promise.all(
    [...declared, ...others].map(async ({ expect, ...of }) => {
      const standing = await webhookStanding(pool, { ...of, expect }, { nowMs });
      return {
        ...of,
        standing,
        facts: facts.find(({ partner, webhook }) => of.partner === partner && of.webhook === webhook),
        says: standingWords(standing),
      };
    }),
  );
}
