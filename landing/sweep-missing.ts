import type { ClientBase } from 'pg';
import { keepsRows } from '../core/landed-stream.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { keyIs } from './key-is.ts';
import { missingOf } from './missing-keys.ts';
import { endOf, sweepKey, type Sweep } from './sweep.ts';

/**
 * Deletes what a complete listing did not have (`findMissing`), or what was a duplicate: in the log, as a batch of its own, among the tombstones and in
 * the table. Call it in the transaction that ends the run. Returns how many there were.
 */
export async function sweepMissing(
  client: ClientBase,
  sweep: Omit<Sweep, 'baseline'>,
  kind: 'sweep' | 'duplicates' = 'sweep',
): Promise<number> {
  const { stream, run, pages, lastEvent, lastPage } = sweep;
  const { streamId, runNo } = run;
  const page = lastPage + 1;
  const receivedAt = await endOf(client, run);
  const numbered = `(select key, version, hash, $1::bigint + row_number() over w as number, event as of, row_number() over w - 1 as ordinal
      from ${missingOf(streamId)} window w as (order by event))`;
  const { rowCount } = await client.query(
    `insert into events_${streamId} (event, page, operation, ordinal, key, version, received_at, hash, payload)
      select number, $2::bigint, 'd', ordinal, key, version, $3::timestamptz, hash, 'null' from ${numbered} m`,
    [lastEvent, page, receivedAt],
  );
  const swept = rowCount ?? 0;
  if (swept === 0) return 0;
  await client.query(
    `insert into tombstones (stream_id, key_hash, key, event, version, hash, received_page, received_ordinal, swept, removed, known, at)
      select ${streamId}, left(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 32)::uuid, key, number, version, hash, $2::bigint, ordinal, ${kind === 'sweep'}, ${kind === 'duplicates'}, true,
          $3::timestamptz from ${numbered} m
      on conflict (stream_id, key_hash) do update set event = excluded.event, version = excluded.version, hash = excluded.hash,
        received_page = excluded.received_page, received_ordinal = excluded.received_ordinal, swept = excluded.swept, removed = excluded.removed, known = true, at = excluded.at`,
    [lastEvent, page, receivedAt],
  );
  const rows = `${missingOf(streamId)} m where t._event = m.event and ${keyIs(stream, 'm.key', 't')}`;
  if (keepsRows(stream))
    await client.query(`update ${targetOf(stream)} t set _deleted_at = $1, _loaded_at = now() from ${rows}`, [
      receivedAt,
    ]);
  else await client.query(`delete from ${targetOf(stream)} t using ${rows}`);
  await client.query(
    `insert into pages (page_key, stream_id, page_id, run_no, page_no, slice, status, bytes, fetched, inserted, updated, unchanged,
        stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt, kind)
      values ($1, $2, $3, $4, $5, 0, 0, 0, $6, 0, 0, 0, 0, $6, 0, 0, 0, $7, '', 1, '${kind}')`,
    [sweepKey(sweep), streamId, page, runNo, pages + 1, swept, receivedAt],
  );
  await client.query('update streams set last_event = $2, last_page = $3 where stream_id = $1', [
    streamId,
    lastEvent + swept,
    page,
  ]);
  return swept;
}
