import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';

/**
 * A text that is another one when something else than a new event has changed what a stream's log says: an undo, one that was taken back, or an
 * erasure. Undos of other streams count as well, since they may reach into this one.
 */
export async function logState(client: ClientBase, { partner, name }: CompiledStream): Promise<string> {
  const { rows } = await client.query<{ state: string }>(
    `select concat_ws('/', (select string_agg(e.erasure || ':' || e.xmin, ' ' order by e.erasure) from erasures e where e.partner = $1 and e.stream = $2),
        (select string_agg(u.undo_id || ':' || u.xmin, ' ' order by u.undo_id) from undos u join streams s using (stream_id) where s.partner = $1)) as state`,
    [partner.name, name],
  );
  return rows[0]?.state ?? '';
}
