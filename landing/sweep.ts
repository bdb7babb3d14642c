import type { ClientBase } from 'pg';
import { hashToUuid } from '../core/page-key.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamRun } from '../core/staged.ts';
import { keyIs } from './key-is.ts';
import { logAgain } from './log-again.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

export interface Sweep {
  readonly stream: CompiledStream;
  readonly run: StreamRun;
  /** The run's pages so far. */
  readonly pages: number;
  /** As the stream's row says them, under its lock. */
  readonly lastEvent: number;
  readonly lastPage: number;
  /** The log does not say yet which rows the table had before: it is compared with all of them. */
  readonly baseline: boolean;
}

/** A temporary table: the rows that the listing did not have, by their key and the event they stood for. */
export const goneOf = (streamId: number): string => `gone_${streamId}`;

const ZERO_HASH = '00000000-0000-0000-0000-000000000000';

/**
 * Writes into the log that a complete listing has ended, and which keys it did not have: a batch of its own. Call it in the transaction
 * that swaps the listing in, behind it. Returns the number of its `e` event.
 */
export async function writeSweep(client: ClientBase, sweep: Sweep): Promise<number> {
  const { stream, run, pages, lastEvent, baseline } = sweep;
  const page = sweep.lastPage + 1;
  const keyed = stream.keyColumns.length > 0;
  const compares = baseline && keyed;
  const receivedAt = await endOf(client, run);
  if (compares) await readLogged(client, sweep);
  const deleted = keyed
    ? await writeDeletes(client, sweep, { receivedAt, keys: compares ? lostKeys(run.streamId) : goneKeys(sweep) })
    : 0;
  const again = compares
    ? await logAgain(client, { stream, run, page, after: lastEvent + deleted, firstOrdinal: deleted, receivedAt })
    : 0;
  const ended = lastEvent + deleted + again + 1;
  const word = compares ? { run: run.runNo, baseline } : { run: run.runNo };
  await client.query(
    `insert into events_${run.streamId} (event, page, operation, ordinal, received_at, hash, payload)
      values ($1, $2, 'e', $3, $5, '${ZERO_HASH}', $4)`,
    [ended, page, deleted + again, JSON.stringify(word), receivedAt],
  );
  await client.query(
    `insert into pages (page_key, stream_id, page_id, run_no, page_no, slice, status, bytes, fetched, inserted, updated, unchanged,
        stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt, kind)
      values ($1, $2, $3, $4, $5, 0, 0, 0, $6::integer + $7, 0, $7, 0, 0, $6, 0, 0, 0, $8, '', 1, 'sweep')`,
    [sweepKey(sweep), run.streamId, page, run.runNo, pages + 1, deleted, again, receivedAt],
  );
  await client.query(
    `update streams set last_event = $2, last_page = $3, swept = $2,
        swept_rows = (select count(*) from ${targetOf(stream)}) where stream_id = $1`,
    [run.streamId, ended, page],
  );
  return ended;
}

/** A pure function of the run and the definition. */
export const sweepKey = ({ stream, run }: Pick<Sweep, 'stream' | 'run'>): string =>
  hashToUuid(JSON.stringify(['sweep', run.syncId, stream.name, stream.definitionVersion]));

/** When the last page of the listing came: the same, whenever its end is written. */
export async function endOf(client: ClientBase, { streamId, runNo }: StreamRun): Promise<string> {
  const { rows } = await client.query<{ at: string }>(
    'select coalesce(max(fetched_at), now())::text as at from pages where stream_id = $1 and run_no = $2',
    [streamId, runNo],
  );
  return rows[0]?.at as string;
}

/**
 * Keys of the rows that went. One whose row says another key than its event was changed by somebody: what the log calls it is not gone.
 */
const goneKeys = ({ stream, run: { streamId } }: Sweep): string =>
  `select e.event, e.key, e.version, e.hash from ${goneOf(streamId)} g join events_${streamId} e on e.event = g._event
    where ${keyIs(stream, 'e.key', 'g')}`;

/** Keys that the log has and the table has not. */
const lostKeys = (streamId: number): string =>
  `select n.event, n.key, n.version, n.hash from newest_${streamId} n
    where n.operation = 'u' and not exists (select from shown_${streamId} s where s.key = n.key)`;

async function writeDeletes(
  client: ClientBase,
  sweep: Sweep,
  { keys, receivedAt }: { readonly keys: string; readonly receivedAt: string },
): Promise<number> {
  const { rowCount } = await client.query(
    `insert into events_${sweep.run.streamId} (event, page, operation, ordinal, key, version, received_at, hash, payload)
      select $1::bigint + row_number() over gone, $2::bigint, 'd', row_number() over gone - 1, key, version, $3::timestamptz, hash, 'null'
        from (${keys}) as k window gone as (order by event)`,
    [sweep.lastEvent, sweep.lastPage + 1, receivedAt],
  );
  return rowCount ?? 0;
}

/** What the log says last of each key, and which key and event each row of the table stands for. */
async function readLogged(client: ClientBase, { stream, run: { streamId } }: Sweep): Promise<void> {
  await client.query(
    `create temp table newest_${streamId} on commit drop as
      select distinct on (key) key, event, operation, version, hash from events_${streamId}
        where key is not null and operation in ('u', 'd') order by key, event desc`,
  );
  await client.query(
    `create temp table shown_${streamId} on commit drop as
      select e.key, e.event from ${targetOf(stream)} t join events_${streamId} e on e.event = t._event
        where ${keyIs(stream, 'e.key', 't')}`,
  );
  await client.query(`analyze newest_${streamId}, shown_${streamId}`);
}
