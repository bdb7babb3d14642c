import type { Webhook } from '../definitions/webhooks.ts';
import { isValid } from '../ingest/webhooks/verify.ts';

/** A webhook none of whose secrets is valid takes nothing; empty: one is. */
export const expiredSecrets = (at: string, { secrets }: Webhook, nowMs: number): readonly string[] =>
  secrets.some((secret) => isValid(secret, nowMs))
    ? []
    : [
        `${at}: no secret is valid now, so that every delivery is refused; add the new one, or look at \`from\` and \`until\``,
      ];
