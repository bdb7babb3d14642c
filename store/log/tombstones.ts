import type { ClientBase } from 'pg';
import type { Grave } from '../../core/grave.ts';
import { hashToUuid } from '../../core/page-key.ts';
import { writeMicros } from '../../core/micros.ts';
import type { LandedStream } from '../../core/landed-stream.ts';

interface Row {
  readonly key: string;
  readonly event: string;
  readonly version: string | null;
  readonly hash: string;
  readonly page: string;
  readonly ordinal: number;
  readonly swept: boolean;
  readonly removed: boolean;
  readonly known: boolean;
  readonly at: string;
}

/** What is known to be gone of these keys. Call it under the stream's lock. */
export async function readGraves(
  client: ClientBase,
  { streamId, keys }: { readonly streamId: number; readonly keys: readonly string[] },
): Promise<ReadonlyMap<string, Grave>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<Row>({
    name: 'read tombstones',
    text: `select key, event, version, hash, received_page as page, received_ordinal as ordinal, swept, removed, known,
        (extract(epoch from at) * 1000000)::bigint as at
      from tombstones where stream_id = $1 and key_hash = any ($2)`,
    values: [streamId, keys.map(hashToUuid)],
  });
  return new Map(
    rows.map(({ key, event, version, hash, page, ordinal, swept, removed, known, at }) => [
      key,
      {
        event: Number(event),
        version,
        hash: hash.replaceAll('-', ''),
        received: { page: Number(page), ordinal },
        swept,
        removed,
        known,
        at: writeMicros(BigInt(at)),
      },
    ]),
  );
}

/** Those of the keys that are gone, and of which a record was there or came behind the delete. */
export async function knownGraves(
  client: ClientBase,
  { stream, keys }: { readonly stream: LandedStream; readonly keys: readonly string[] },
): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  const { rows } = await client.query<{ key: string }>(
    `select t.key from tombstones t join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 and t.known and t.key_hash = any ($3)`,
    [stream.partner.name, stream.name, keys.map(hashToUuid)],
  );
  return rows.map(({ key }) => key);
}

export interface NewTombstone {
  readonly key: string;
  readonly grave: Grave & Required<Pick<Grave, 'received' | 'at'>>;
}

/** Call it under the stream's lock. */
export async function writeTombstones(
  client: ClientBase,
  {
    streamId,
    dead,
    born,
  }: { readonly streamId: number; readonly dead: readonly NewTombstone[]; readonly born: readonly string[] },
): Promise<void> {
  if (born.length > 0)
    await client.query('delete from tombstones where stream_id = $1 and key_hash = any ($2)', [
      streamId,
      born.map(hashToUuid),
    ]);
  if (dead.length === 0) return;
  const rows = dead.map(
    ({ key, grave: { event, version, hash, received, swept = false, removed = false, known = false, at } }) => ({
      key_hash: hashToUuid(key),
      key,
      event,
      version,
      hash,
      received_page: received?.page,
      received_ordinal: received?.ordinal,
      swept,
      removed,
      known,
      at,
    }),
  );
  const columns = 'key_hash, key, event, version, hash, received_page, received_ordinal, swept, removed, known, at';
  await client.query(
    `insert into tombstones (stream_id, ${columns}) select $1, ${columns} from json_populate_recordset(null::tombstones, $2)
      on conflict (stream_id, key_hash) do update set event = excluded.event, version = excluded.version, hash = excluded.hash,
        received_page = excluded.received_page, received_ordinal = excluded.received_ordinal, swept = excluded.swept,
        removed = excluded.removed, known = excluded.known, at = excluded.at`,
    [streamId, JSON.stringify(rows)],
  );
}
