import type { Pool, PoolClient } from 'pg';
import { readCheckpoint, start, writeCheckpoint, type Checkpoint } from '../core/checkpoint.ts';
import { GiveUp, NeedsAttention } from '../core/errors.ts';
import type { TimeRange } from '../core/page.ts';
import type { PollHint } from '../core/poll-hint.ts';
import { parseWindow, rangeOf } from '../core/window.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { tablesElsewhere } from '../definitions/named-targets.ts';
import { addColumns } from './add-columns.ts';
import { childrenStand, ensureChildren } from './children.ts';
import { lookAgain } from './look-again.ts';
import type { OpenedStream, OpenStream } from './warehouse.ts';
import type { StreamRun, Validators } from '../core/staged.ts';
import { reportOf, reportColumns, type ReportRow } from '../store/ledger/report.ts';
import { dropOldShadows, shadowName, shadowOf, standingShadow } from '../targets/postgres/shadow.ts';
import { lockBoth } from './commit-deletes.ts';
import { expectSameColumns } from './made-columns.ts';
import type { MadeAgain } from './made-again.ts';
import { stampOf } from './same-transforms.ts';
import { stampedOf } from './remake-outdated.ts';
import { createShadow, ensureTarget, fitTable } from './target.ts';
import { isOutdated } from '../targets/postgres/outdated.ts';
import { ensureNeededIndexes } from '../targets/postgres/present.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { approvalOfRun } from '../store/approvals.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';

interface RunRow extends ReportRow {
  readonly stream_id: number;
  readonly run_no: number;
  readonly checkpoint: string;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly definition_version: string;
  /** Stamp of the transforms that made the table's rows. */
  readonly transforms: string | null;
  readonly made_columns: number;
  readonly validators: Validators | null;
  readonly poll_hint: PollHint | null;
  readonly empty_pages: number;
  readonly usual_requests: string | null;
  /** It was to wait longer. */
  readonly rests: boolean;
  /** The target is there, with all columns. */
  readonly intact: boolean;
  /** Of a `replace`: null when it is gone. */
  readonly shadow: string | null;
}

/** Finds the stream's run by its workflow id, or begins it. Nothing of the request is decided twice: the range is stored. */
export async function openStream(pool: Pool, input: OpenStream): Promise<OpenedStream> {
  const found = await findRun(pool, input);
  // The common case, a further grant of a running run, costs one read.
  if (found !== undefined && goesOn(found, input.stream) && (await childrenStand(pool, input.stream)))
    return opened(found, input);
  await addColumns(pool, input.stream);
  const begun = await transaction(pool, async (client) => {
    const { deletesIn } = input.stream;
    // The stream whose records are gone may never have been read.
    if (deletesIn !== undefined && (await lockBoth(client, input.stream, deletesIn)) === undefined)
      await registerStream(client, deletesIn);
    const stream = await registerStream(client, input.stream);
    const again = await findRun(client, input);
    if (again === undefined) await beginRun(client, input, stream);
    else if (again.state !== 'done' && again.undone_at !== null) throw undone(input.syncId);
    else if (again.state !== 'done') {
      await fitShadow(client, input, again);
      await client.query(
        `update stream_runs set state = 'running', outcome = null, reason = null, finished_at = null, definition_version = $2
          where sync_id = $1`,
        [input.syncId, input.stream.definitionVersion],
      );
    }
    if (stream.madeAgain !== undefined) await remark(client, input.syncId, stream.madeAgain);
    const run = opened((await findRun(client, input)) as RunRow, input);
    return { run: again?.state === 'failed' ? { ...run, reopened: true } : run, isOther: stream.isOther };
  });
  // In a transaction of its own: it locks other streams, too, in the order in which commits do.
  if (begun.isOther || (input.stream.relations?.needs.length ?? 0) > 0) await lookAgain(pool, input.stream);
  return begun.run;
}

/** Nothing has to be made first: neither for the definition, nor because somebody dropped it. */
function goesOn(row: RunRow, stream: CompiledStream): boolean {
  const { state, definition_version, transforms, made_columns, intact, shadow } = row;
  if (state === 'failed' || definition_version !== stream.definitionVersion || transforms !== stampOf(stream))
    return false;
  if (made_columns !== (stream.made ?? 0)) return false;
  return state === 'done' || (intact && (stream.definition.disposition !== 'replace' || shadow !== null));
}

/**
 * Whether the target has all columns, and what the shadow is called: looked up by name in the catalogue, which asks for no
 * right on the schema.
 */
const standing = `(select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid
    where n.nspname = s.target_schema::name and c.relname = s.target_table::name and c.relkind in ('r', 'p')
      and a.attname = any ($2::name[]) and not a.attisdropped) = cardinality($2) and s.unfilled = '{}' as intact,
  case when s.disposition = 'replace' then ${standingShadow} end as shadow`;

/** Read backwards along the ledger's index on (stream_id, run_no, page_no): as far as the last page that held something. */
const emptyPages = `(select count(*)::integer from pages p where p.stream_id = r.stream_id and p.run_no = r.run_no
    and p.page_no > coalesce((select q.page_no from pages q where q.stream_id = r.stream_id and q.run_no = r.run_no
      and (q.fetched > 0 or q.cursor_out is null) order by q.page_no desc limit 1), 0))`;

/** Windows of a backfill tell nothing of what a night needs, nor the other way round. */
const lately = (which: string): string =>
  `(select max(requests) from (select q.requests from stream_runs q where q.stream_id = r.stream_id and q.run_no < r.run_no
    and q.state = 'done' and ${which} order by q.run_no desc limit 5) as lately)`;
// Written out, so that a night finds the last nights by their index, behind thousands of windows.
const usualRequests = `case when r.kind = 'backfill' then ${lately(`q.kind = 'backfill'`)} else ${lately(`q.kind <> 'backfill' and q.kind <> 'fetch'`)} end`;

async function findRun(client: Pool | PoolClient, { syncId, stream }: OpenStream): Promise<RunRow | undefined> {
  const { rows } = await client.query<RunRow>({
    name: 'find run',
    text: `select s.name as stream, r.stream_id, r.run_no, r.checkpoint, r.range_from, r.range_to, r.definition_version, s.transforms, s.made_columns, s.validators, s.poll_hint, ${reportColumns},
        coalesce(r.deferred_until > clock_timestamp(), false) as rests,
        ${emptyPages} as empty_pages, ${usualRequests} as usual_requests, ${standing}
      from stream_runs r join streams s using (stream_id) where r.sync_id = $1`,
    values: [syncId, stream.columns.map((column) => column.name)],
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
    run: runOf(row, input.syncId),
    report: reportOf(row, input.syncId),
    checkpoint: readCheckpoint(row.checkpoint),
    checkpointText: row.checkpoint,
    range,
    validators: row.validators,
    pollHint: row.poll_hint,
    emptyPages: row.empty_pages,
    usualRequests: row.usual_requests === null ? null : Number(row.usual_requests),
    ...(row.rests ? { rests: true } : {}),
  };
}

function runOf({ stream_id: streamId, run_no: runNo, shadow }: RunRow, syncId: string): StreamRun {
  const run = { streamId, runNo, syncId };
  return shadow === null || shadow === shadowName(run) ? run : { ...run, shadow };
}

/** What it brought counts no more, and what it would bring now would. */
const undone = (syncId: string): GiveUp =>
  new GiveUp(
    `${syncId} was undone: it cannot go on. Start a new generation with --force, or take the undo back first (\`syncline undo back ${syncId}\`)`,
  );

interface StreamRow {
  readonly stream_id: number;
  readonly last_run: number;
  readonly last_event: string;
  readonly watermark: string | null;
  readonly kept_cursor: string | null;
  readonly definition_version: string;
  readonly fresh: boolean;
  readonly unfilled: readonly string[];
  /** Where the stream's rows went before. */
  readonly old_table: string | null;
  /** How many columns of fields that no schema names its rows had before. */
  readonly had_made: number;
  readonly children: string | null;
}

interface RegisteredStream extends StreamRow {
  /** The definition is another one than before. */
  readonly isOther: boolean;
  readonly madeAgain: MadeAgain | undefined;
}

/** The stream's row, its partition of the event log and its target; the row stays locked until the commit. */
export async function registerStream(client: PoolClient, stream: CompiledStream): Promise<RegisteredStream> {
  const { partner, name, schema, table, definition, definitionVersion } = stream;
  const { rows } = await client.query<StreamRow>(
    `with before as (select target_table, made_columns from streams where partner = $1 and name = $2)
      insert into streams as s (partner, name, target_schema, target_table, disposition, targets, transforms, made_columns, definition_version)
      values ($1, $2, $5, $3, $4, $6, $7, $8, '')
      on conflict (partner, name) do update set target_table = excluded.target_table, disposition = excluded.disposition, targets = excluded.targets,
        transforms = excluded.transforms, made_columns = excluded.made_columns,
        watermark = case when s.target_table = excluded.target_table then s.watermark end,
        kept_cursor = case when s.target_table = excluded.target_table then s.kept_cursor end,
        swept_rows = case when s.target_table = excluded.target_table and s.disposition = excluded.disposition then s.swept_rows end
      returning stream_id, last_run, last_event, watermark, kept_cursor, definition_version, unfilled, (xmax = 0) as fresh,
        (select target_table from before) as old_table, coalesce((select made_columns from before), 0) as had_made, children`,
    [
      partner.name,
      name,
      table,
      definition.disposition,
      schema,
      tablesElsewhere(stream),
      stampOf(stream),
      stream.made ?? 0,
    ],
  );
  const row = rows[0] as StreamRow;
  // Workers need not own the event log: the function does (deploy/roles.sql).
  if (row.fresh) await client.query('select add_event_partition($1)', [row.stream_id]);
  if (stream.made !== undefined) await expectAllMade(client, stream, row.stream_id);
  const moved = row.old_table !== table;
  if (moved) await takeTable(client, stream, row.stream_id);
  const changed = row.definition_version !== definitionVersion;
  const madeAgain = await ensureTarget(client, {
    stream,
    streamId: row.stream_id,
    changed,
    unfilled: [...new Set([...row.unfilled, ...madeBehind(stream, row.had_made)])],
    // A new table is filled from the beginning by the partner.
    hadRows: row.last_event !== '0' && !moved,
  });
  await ensureChildren(client, { stream, streamId: row.stream_id, known: row.children });
  if (row.unfilled.length > 0)
    await client.query(`update streams set unfilled = '{}' where stream_id = $1`, [row.stream_id]);
  // The partner may have nothing new, but what did not fit may fit now, and an empty table needs all there is.
  if (changed || madeAgain !== undefined)
    await client.query(
      `update streams set definition_version = $2, validators = null, kept_cursor = null,
          emptied_at = case when $3 then now() else emptied_at end where stream_id = $1`,
      [row.stream_id, definitionVersion, madeAgain?.emptied ?? false],
    );
  await ensureNeededIndexes(client, {
    stream,
    columns: [
      ...(stream.relations?.offers ?? []).flatMap(({ field, columns }) => (field === '' ? [] : columns)),
      // The rows that share something are found by its first column.
      ...(stream.rules?.rules ?? []).flatMap(({ per }) => per.slice(0, 1)),
    ],
  });
  return {
    ...row,
    kept_cursor: changed || madeAgain !== undefined ? null : row.kept_cursor,
    madeAgain,
    isOther: changed && !row.fresh,
  };
}

/** Columns that rows from before have not, whose values are in `_extra` there. */
const madeBehind = ({ madeColumns = [] }: CompiledStream, had: number): readonly string[] =>
  madeColumns.flatMap(({ field, no }) => (no > had ? [field] : []));

/** Another worker may have decided of further columns since this one looked. */
async function expectAllMade(client: PoolClient, stream: CompiledStream, streamId: number): Promise<void> {
  const { rows } = await client.query<{ made: number }>(
    'select count(*)::integer as made from new_fields where stream_id = $1 and made_no is not null',
    [streamId],
  );
  expectSameColumns(stream, rows[0]?.made ?? 0);
}

/** Rows of a table stand for events of one stream: one that others filled cannot be gone on with. */
async function takeTable(client: PoolClient, stream: CompiledStream, streamId: number): Promise<void> {
  const { rows } = await client.query<{ name: string; standing: boolean }>(
    `select name, to_regclass($4) is not null as standing from streams
      where target_schema = $1 and target_table = $2 and stream_id <> $3`,
    [stream.schema, stream.table, streamId, targetOf(stream)],
  );
  const owner = rows[0];
  if (owner?.standing === true)
    throw new NeedsAttention(
      `table ${stream.schema}.${stream.table} has the rows of stream ${owner.name}: give stream ${stream.name} another ` +
        '`table`, or drop that one if nobody needs it any more',
      { at: { partner: stream.partner.name, stream: stream.name } },
    );
  // Should that stream come back, it finds its table taken.
  if (owner !== undefined)
    await client.query(
      `update streams set target_table = '' where target_schema = $1 and target_table = $2 and stream_id <> $3`,
      [stream.schema, stream.table, streamId],
    );
}

/** A range stands for itself: it is read from the first page, as its first run was. */
const beginning = (window: string, { kept_cursor: kept }: StreamRow): Checkpoint =>
  kept === null || parseWindow(window).kind === 'range' ? start : { ...start, cursor: kept, kept };

async function remark(client: PoolClient, syncId: string, { remark, unfit }: MadeAgain): Promise<void> {
  await client.query('update stream_runs set remark = $2, unfit = unfit + $3 where sync_id = $1', [
    syncId,
    remark,
    unfit,
  ]);
}

async function beginRun(client: PoolClient, input: OpenStream, row: StreamRow): Promise<void> {
  const { stream, windowLabel } = input;
  const runNo = row.last_run + 1;
  const { incremental, disposition } = stream.definition;
  const range =
    incremental === undefined || input.kind === 'fetch'
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
      writeCheckpoint(beginning(windowLabel, row)),
      stream.table,
    ],
  );
  if (disposition === 'replace') {
    await dropOldShadows(client, stream, row.stream_id);
    await createShadow(client, stream, { streamId: row.stream_id, runNo });
  }
}

/** A replace goes on only where its shadow still is: an empty one would lose what the run has read so far. */
async function fitShadow(client: PoolClient, { stream, syncId }: OpenStream, row: RunRow): Promise<void> {
  if (stream.definition.disposition !== 'replace') return;
  const changed = row.definition_version !== stream.definitionVersion;
  const table = shadowOf(stream, runOf(row, syncId));
  const facts = await readTable(client, table);
  if (facts !== undefined && (await isOutdated(client, { name: table, facts, wanted: stampedOf(stream) })))
    throw new GiveUp(
      `${syncId} cannot go on: what it had gathered was made by other transforms. Start a new generation with --force`,
    );
  if ((await fitTable(client, table, { stream, streamId: row.stream_id, changed, unfilled: [] })) !== undefined) return;
  // It has waited for approval, and ends without.
  const asked = { streamId: row.stream_id, runNo: row.run_no, kind: 'sweep' } as const;
  if (readCheckpoint(row.checkpoint).done && (await approvalOfRun(client, asked)) !== undefined) return;
  throw new GiveUp(
    `${syncId} cannot go on: what it had gathered was dropped, by a newer run or by somebody, or the stream was no ` +
      '`replace` then. Start a new generation with --force',
  );
}
