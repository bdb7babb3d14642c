import type { Pool } from 'pg';
import { compileWebhooks, type CompiledWebhook } from '../definitions/compile-webhooks.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Log } from '../http/log.ts';
import type { IngestOptions } from '../ingest/start-ingest.ts';
import { countRefusals } from '../ingest/webhooks/refusal-counts.ts';
import { webhookRoutes, type WebhookDeps } from '../ingest/webhooks/routes.ts';

/** What serves `/hooks/…` beside the other routes of the ingest role. */
export function serveWebhooks({
  pool,
  log,
  streams,
  onDelivery,
}: {
  readonly pool: Pool;
  readonly log: Log;
  readonly streams: IngestOptions['streams'];
  readonly onDelivery?: NonNullable<WebhookDeps['onDelivery']>;
}): { readonly more: NonNullable<IngestOptions['more']>; close(): Promise<void> } {
  const refusals = countRefusals(pool, log);
  const compiled = new WeakMap<ReadonlyMap<string, CompiledStream>, ReadonlyMap<string, CompiledWebhook>>();
  const webhooks = async (partner: string): Promise<ReadonlyMap<string, CompiledWebhook> | undefined> => {
    const found = await streams(partner);
    if (found === undefined) return undefined;
    const made = compiled.get(found) ?? compileWebhooks(found);
    compiled.set(found, made);
    return made;
  };
  return {
    more: (app, { intake }) =>
      webhookRoutes(app, {
        pool,
        log,
        intake,
        refusals,
        webhooks,
        ...(onDelivery === undefined ? {} : { onDelivery }),
      }),
    close: () => refusals.stop(),
  };
}
