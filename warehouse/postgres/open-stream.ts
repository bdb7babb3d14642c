import type { Pool, PoolClient } from 'pg';
import { readCheckpoint, start, writeCheckpoint } from '../../core/checkpoint.ts';
import { GiveUp } from '../../core/errors.ts';
import type { TimeRange } from '../../core/page.ts';
import { parseWindow, rangeOf } from '../../core/window.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { OpenedStream, OpenStream, Validators } from '../warehouse.ts';
import { quoted } from './quote.ts';
import { reportOf, reportColumns, type ReportRow } from './report.ts';
import { createShadow, ensureTarget, fitTable, shadowOf } from './target.ts';
import { transaction } from './transaction.ts';

interface RunRow extends ReportRow {
  readonly stream_id: number;
  readonly run_no: number;
  readonly checkpoint: string;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly definition_version: string;
  readonly validators: Validators | null;
  readonly empty_pages: number;
  readonly usual_requests: string | null;
}

/** Finds the stream's run by its workflow id, or begins it. Nothing of the request is decided twice: the range is stored. */
export async function openStream(pool: Pool, input: OpenStream): Promise<OpenedStream> {
  const found = await findRun(pool, input);
  // The common case, a further grant of a running run, costs one read.
  if (found !== undefined && found.state !== 'failed' && found.definition_version === input.stream.definitionVersion)
    return opened(found, input);
  return transaction(pool, async (client) => {
    const stream = await registerStream(client, input.stream);
    const again = await findRun(client, input);
    if (again === undefined) await beginRun(client, input, stream);
    else if (again.state !== 'done') {
      await fitShadow(client, input, again.run_no);
      await client.query(
        `update stream_runs set state = 'running', outcome = null, reason = null, finished_at = null, definition_version = $2
          where sync_id = $1`,
        [input.syncId, input.stream.definitionVersion],
      );
    }
    return opened((await findRun(client, input)) as RunRow, input);
  });
}

/** Read backwards along the ledger's index on (stream_id, run_no, page_no): as far as the last page that held something. */
const emptyPages = `(select count(*)::integer from pages p where p.stream_id = r.stream_id and p.run_no = r.run_no
    and p.page_no > coalesce((select q.page_no from pages q where q.stream_id = r.stream_id and q.run_no = r.run_no
      and (q.fetched > 0 or q.cursor_out is null) order by q.page_no desc limit 1), 0))`;

/** Windows of a backfill tell nothing of what a night needs, nor the other way round. */
const lately = (which: string): string =>
  `(select max(requests) from (select q.requests from stream_runs q where q.stream_id = r.stream_id and q.run_no < r.run_no
    and q.state = 'done' and ${which} order by q.run_no desc limit 5) as lately)`;
// Written out, so that a night finds the last nights by their index, behind thousands of windows.
const usualRequests = `case when r.kind = 'backfill' then ${lately(`q.kind = 'backfill'`)} else ${lately(`q.kind <> 'backfill'`)} end`;

async function findRun(client: Pool | PoolClient, { syncId, stream }: OpenStream): Promise<RunRow | undefined> {
  const { rows } = await client.query<RunRow>({
    name: 'find run',
    text: `select s.name as stream, r.stream_id, r.run_no, r.checkpoint, r.range_from, r.range_to, r.definition_version, s.validators, ${reportColumns},
        ${emptyPages} as empty_pages, ${usualRequests} as usual_requests
      from stream_runs r join streams s using (stream_id) where r.sync_id = $1`,
    values: [syncId],
  });
  if (rows[0] !== undefined && rows[0].stream !== stream.name)
    throw new GiveUp(`${syncId} is a run of stream ${rows[0].stream}, not of ${stream.name}`);
  return rows[0];
}

function opened(row: RunRow, input: OpenStream): OpenedStream {
  const range: TimeRange | null =
    row.range_from === null || row.range_to === null
      ? null
      : { from: row.range_from.toISOString(), to: row.range_to.toISOString() };
  return {
    run: { streamId: row.stream_id, runNo: row.run_no, syncId: input.syncId },
    report: reportOf(row, input.syncId),
    checkpoint: readCheckpoint(row.checkpoint),
    checkpointText: row.checkpoint,
    range,
    validators: row.validators,
    emptyPages: row.empty_pages,
    usualRequests: row.usual_requests === null ? null : Number(row.usual_requests),
  };
}

interface StreamRow {
  readonly stream_id: number;
  readonly last_run: number;
  readonly watermark: string | null;
}

/** The stream's row, its partition of the event log and its target; the row stays locked until the commit. */
async function registerStream(client: PoolClient, stream: CompiledStream): Promise<StreamRow> {
  const { partner, name, schema, table, definition, definitionVersion } = stream;
  const { rows } = await client.query<StreamRow & { definition_version: string; fresh: boolean }>(
    `insert into streams as s (partner, name, target_schema, target_table, disposition, definition_version)
      values ($1, $2, $5, $3, $4, '')
      on conflict (partner, name) do update set target_table = excluded.target_table, disposition = excluded.disposition,
        watermark = case when s.target_table = excluded.target_table then s.watermark end
      returning stream_id, last_run, watermark, definition_version, (xmax = 0) as fresh`,
    [partner.name, name, table, definition.disposition, schema],
  );
  const row = rows[0] as StreamRow & { definition_version: string; fresh: boolean };
  // Workers need not own the event log: the function does (deploy/roles.sql).
  if (row.fresh) await client.query('select add_event_partition($1)', [row.stream_id]);
  if (row.definition_version !== definitionVersion) {
    await ensureTarget(client, stream);
    // The partner may have nothing new, but what did not fit may fit now.
    await client.query('update streams set definition_version = $2, validators = null where stream_id = $1', [
      row.stream_id,
      definitionVersion,
    ]);
  }
  return row;
}

async function beginRun(client: PoolClient, input: OpenStream, row: StreamRow): Promise<void> {
  const { stream, windowLabel } = input;
  const runNo = row.last_run + 1;
  const { incremental, disposition } = stream.definition;
  const range =
    incremental === undefined
      ? null
      : rangeOf({
          window: parseWindow(windowLabel),
          watermark: row.watermark,
          initial: incremental.initial,
          // Its windows touch: what one reaches back for, the one before it reads.
          lookbackMs: input.kind === 'backfill' ? 0 : incremental.lookback,
        });
  await client.query('update streams set last_run = $2 where stream_id = $1', [row.stream_id, runNo]);
  await client.query(
    `insert into stream_runs (stream_id, run_no, sync_id, run_id, window_label, kind, lane, range_from, range_to,
        definition_version, state, checkpoint, target_table)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'running', $11, $12)`,
    [
      row.stream_id,
      runNo,
      input.syncId,
      input.runId,
      windowLabel,
      input.kind,
      input.lane,
      range?.from ?? null,
      range?.to ?? null,
      stream.definitionVersion,
      writeCheckpoint(start),
      stream.table,
    ],
  );
  if (disposition === 'replace') {
    await dropOldShadows(client, stream);
    await createShadow(client, stream, runNo);
  }
}

/** A replace goes on only where its shadow still is: an empty one would lose what the run has read so far. */
async function fitShadow(client: PoolClient, { stream, syncId }: OpenStream, runNo: number): Promise<void> {
  if (stream.definition.disposition !== 'replace' || (await fitTable(client, stream, shadowOf(stream, runNo)))) return;
  throw new GiveUp(
    `${syncId} cannot go on: what it had gathered was dropped when a newer run began, or the stream was no \`replace\` ` +
      'then. Start a new generation with --force',
  );
}

/** Shadows of replaces that never ended: a newer run takes their place. */
async function dropOldShadows(client: PoolClient, stream: CompiledStream): Promise<void> {
  const { rows } = await client.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = $1 and tablename ~ $2`,
    [stream.schema, `^${stream.table}__next_[0-9]+$`],
  );
  for (const { tablename } of rows) await client.query(`drop table ${quoted(stream.schema)}.${quoted(tablename)}`);
}
