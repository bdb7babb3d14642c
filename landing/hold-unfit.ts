import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { storable } from '../store/quarantine/hold-records.ts';
import type { UnfitEvent } from './stage-log.ts';

/** Events that fit no longer are held in quarantine, where a replay finds them once the schema takes them again. */
export async function holdUnfit(
  client: ClientBase,
  {
    stream,
    streamId,
    held,
  }: { readonly stream: CompiledStream; readonly streamId: number; readonly held: readonly UnfitEvent[] },
): Promise<void> {
  const withhold = stream.definition.quarantinePayload === 'withhold';
  const rows = held.map(({ event, page, ordinal, key, path, reason, hash, payload }) => ({
    stream_id: streamId,
    page,
    ordinal,
    key: key === null ? null : storable(key),
    path: storable(path),
    reason: `${storable(reason)} (event ${event}, which fitted when it came)`,
    hash,
    payload: withhold ? null : payload,
    definition_version: stream.definitionVersion,
  }));
  const columns = 'stream_id, page, ordinal, key, path, reason, hash, payload, definition_version';
  await client.query(
    `insert into quarantine (${columns}) select ${columns} from json_populate_recordset(null::quarantine, $1)
      on conflict (stream_id, page, ordinal) do update set path = excluded.path, reason = excluded.reason,
        payload = excluded.payload, definition_version = excluded.definition_version, status = 'held', settled_at = null`,
    [JSON.stringify(rows)],
  );
}
