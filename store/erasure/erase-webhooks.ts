import type { ClientBase } from 'pg';
import { partsOfKey } from './parts-of-key.ts';

/** Shorter texts stand in too many bodies that have nothing to do with them. */
const SHORTEST = 4;

/**
 * Forgets what webhooks have left of keys of a stream: hints, and the bodies of failed deliveries of the partner that name one. Such a delivery can be
 * taken no more.
 */
export async function eraseFromWebhooks(
  client: ClientBase,
  { streamId, keys }: { readonly streamId: number; readonly keys: readonly string[] },
): Promise<void> {
  await client.query(
    `delete from webhook_work w using streams s
      where s.stream_id = $1 and w.partner = s.partner and w.kind = 'hint' and w.stream = s.name and w.key = any ($2)`,
    [streamId, keys],
  );
  for (const key of keys) {
    const parts = partsOfKey(key).filter((part) => part.length >= SHORTEST);
    if (parts.length === 0) continue;
    await client.query(
      `update webhook_deliveries d set body = null, state = 'ignored', reason = 'erased' from streams s
        where s.stream_id = $1 and d.partner = s.partner and d.state = 'failed' and d.body is not null
          and not exists (select from unnest($2::text[]) as part where position(convert_to(part, 'UTF8') in d.body) = 0)`,
      [streamId, parts],
    );
  }
}
