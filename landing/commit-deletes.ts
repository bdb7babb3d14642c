import type { PoolClient } from 'pg';
import { noCounts, type Counts } from '../core/counts.ts';
import { fold, type Folded } from '../core/fold.ts';
import { keyParts } from '../core/key-text.ts';
import type { CommitInput } from '../store/ledger/commit-input.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { rowOfGone } from '../core/row-of-gone.ts';
import { hashToUuid } from '../core/page-key.ts';
import type { StagedPage, StagedRecord } from '../core/staged.ts';
import { readHeads } from '../targets/postgres/heads.ts';
import { postgresLineWriter, type PostgresLines } from '../targets/postgres/page-lines.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { writeRows } from '../targets/postgres/write-rows.ts';
import { bury, readGone } from './bury.ts';
import { supersedeWaiting } from '../store/waiting/note-waiting.ts';

/** A stream's row, locked. */
export interface LockedStream {
  readonly streamId: number;
  readonly lastEvent: number;
  readonly lastPage: number;
}

/**
 * The stream whose records are gone is locked with the one that says so, in one statement and in the order of their numbers: two that
 * wait for each other would wait for ever. undefined: it was never read, and has no table yet.
 */
export async function lockBoth(
  client: PoolClient,
  own: LandedStream,
  other: LandedStream,
): Promise<LockedStream | undefined> {
  const { rows } = await client.query<{ name: string; stream_id: number; last_event: string; last_page: string }>(
    'select name, stream_id, last_event, last_page from streams where partner = $1 and name = any ($2) order by stream_id for update',
    [own.partner.name, [own.name, other.name]],
  );
  const row = rows.find(({ name }) => name === other.name);
  return row && { streamId: row.stream_id, lastEvent: Number(row.last_event), lastPage: Number(row.last_page) };
}

interface DeletesOf {
  /** The stream whose records are gone. */
  readonly stream: LandedStream;
  readonly locked: LockedStream;
  readonly pages: readonly StagedPage[];
  /** Its records may wait for others. */
  readonly waits: boolean;
  /** What the pages were for the stream that says so. */
  readonly folded: Folded<StagedRecord>;
}

/** Deletes in the log of another stream, before they are written. */
export interface FoldedDeletes extends Pick<DeletesOf, 'stream' | 'locked' | 'waits'> {
  readonly folded: Folded<StagedRecord>;
  readonly batches: readonly Batch[];
}

/** Makes deletes of the records that came for the first time, for the log of the stream whose records they name. */
export async function foldDeletes(
  client: PoolClient,
  { stream, locked, waits, pages, folded }: DeletesOf,
): Promise<FoldedDeletes> {
  const { streamId, lastEvent } = locked;
  const batches = pages.flatMap((page, index) => {
    const news = folded.events.filter((event) => event.page === index && event.stale !== true);
    return news.length === 0
      ? []
      : [
          batchOf(
            stream,
            page,
            news.map(({ record }) => record),
          ),
        ];
  });
  const records = batches.flatMap((batch) => batch.records);
  const deletes = fold<StagedRecord>({
    pages: batches.map((batch) => ({ records: batch.records, quarantined: 0 })),
    heads: await readHeads(client, { stream, table: targetOf(stream), records }),
    gone: await readGone(client, { stream, streamId, records }),
    lastEvent,
  });
  return { stream, locked, waits, folded: deletes, batches };
}

/**
 * Writes them: a batch for each page, of no run of that stream. Call it in the transaction that commits the pages.
 */
export async function commitDeletes(
  client: PoolClient,
  { stream, locked, waits, folded, batches }: FoldedDeletes,
  of: Pick<CommitInput, 'run' | 'writer'>,
): Promise<void> {
  if (batches.length === 0) return;
  const { streamId } = locked;
  const table = targetOf(stream);
  const firstPage = locked.lastPage + 1;
  const written = batches.map(({ lines }, i) => ({ page: firstPage + i, lines }));
  await writeRows(client, { stream, run: { streamId, runNo: NO_RUN }, table, folded, pages: written });
  await bury(client, { stream, streamId, table, folded, pages: batches.map(({ page }) => page), firstPage });
  if (waits) {
    // A delete without a version counts from when it came, whatever versions what waits has.
    const came = batches.flatMap((batch, i) =>
      batch.records.flatMap(({ key, version, ordinal }) =>
        key === null || version !== null ? [] : [{ key, received: { page: firstPage + i, ordinal } }],
      ),
    );
    await supersedeWaiting(client, { streamId, came });
  }
  await insertBatches(client, of, { stream, locked, batches, firstPage, counts: folded.counts });
  await client.query('update streams set last_event = $2, last_page = $3 where stream_id = $1', [
    streamId,
    folded.lastEvent,
    firstPage + batches.length - 1,
  ]);
  for (const { lines } of batches) lines.release();
}

/** Runs are numbered from 1. */
const NO_RUN = 0;

interface Batch {
  readonly page: StagedPage;
  readonly records: readonly StagedRecord[];
  readonly lines: PostgresLines;
}

function batchOf(stream: LandedStream, page: StagedPage, records: readonly StagedRecord[]): Batch {
  const payloads = records.map(({ line }) => page.lines.payload(line));
  const chars = payloads.reduce((sum, { length }) => sum + length, 0);
  const writer = postgresLineWriter({ receivedAt: page.fetchedAt, chars, records: records.length });
  const staged = records.map(({ ordinal, key, version, hash }, i) =>
    writer.add({
      ordinal,
      operation: 'd',
      key,
      version,
      hash,
      eventTime: null,
      payload: payloads[i] as string,
      columns: [...rowOfGone(stream, keyParts(key as string, stream.keyColumns.length)), null],
      plain: false,
      ascii: false,
    }),
  );
  return { page, records: staged, lines: writer.finish() as PostgresLines };
}

/** `cursor_in` says which run of the other stream they came with. */
async function insertBatches(
  client: PoolClient,
  { run, writer }: Pick<CommitInput, 'run' | 'writer'>,
  {
    stream,
    locked,
    batches,
    firstPage,
    counts,
  }: Pick<FoldedDeletes, 'stream' | 'locked' | 'batches'> & {
    readonly firstPage: number;
    readonly counts: readonly Counts[];
  },
): Promise<void> {
  const rows = batches.map(({ page }, i) => ({
    page_key: hashToUuid(JSON.stringify(['deletes', page.pageKey, stream.name])),
    stream_id: locked.streamId,
    page_id: firstPage + i,
    run_no: NO_RUN,
    page_no: firstPage + i,
    slice: 0,
    cursor_in: run.syncId,
    status: page.status,
    request_id: page.requestId,
    bytes: 0,
    ...noCounts,
    ...counts[i],
    fetched_at: page.fetchedAt,
    workflow_run_id: writer.workflowRunId,
    attempt: writer.attempt,
    kind: 'deletes',
  }));
  const columns = `page_key, stream_id, page_id, run_no, page_no, slice, cursor_in, status, request_id, bytes, fetched, inserted, updated,
    unchanged, stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt, kind`;
  await client.query(`insert into pages (${columns}) select ${columns} from json_populate_recordset(null::pages, $1)`, [
    JSON.stringify(rows),
  ]);
}
