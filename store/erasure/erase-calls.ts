import type { ClientBase } from 'pg';
import { partsOfKey } from './parts-of-key.ts';

/** Shorter texts stand in too many paths that have nothing to do with them. */
const SHORTEST = 4;

/** Takes keys out of the call log: the paths of all calls of the partner that name one, and what the partner said there. */
export async function eraseFromCalls(
  client: ClientBase,
  { streamId, keys }: { readonly streamId: number; readonly keys: readonly string[] },
): Promise<void> {
  const parts = keys.flatMap(partsOfKey).filter((part) => part.length >= SHORTEST);
  const texts = [...new Set(parts.flatMap((part) => [part, encodeURIComponent(part)]))];
  await client.query(
    `update calls c set path = '/…', excerpt = null from streams s where s.stream_id = $1 and c.partner = s.partner
        and exists (select from unnest($2::text[]) as k(part) where strpos(c.path, k.part) > 0 or strpos(c.excerpt, k.part) > 0)`,
    [streamId, texts],
  );
}
