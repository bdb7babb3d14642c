import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../../core/checkpoint.ts';
import { RetryLater } from '../../core/errors.ts';
import type { Kind } from '../../core/names.ts';
import { outcomeOf } from '../../core/outcome.ts';
import { sortableTime } from '../../core/version.ts';
import { parseWindow, readAsOf } from '../../core/window.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { FinishStream, StreamReport, StreamRun } from '../warehouse.ts';
import { quoted } from './quote.ts';
import { reportColumns, reportOf, type ReportRow } from './report.ts';
import { rowColumns, shadowOf, targetOf } from './target.ts';
import { transaction } from './transaction.ts';

interface RunRow extends ReportRow {
  readonly checkpoint: string;
  readonly kind: Kind;
  readonly window_label: string;
  readonly skipped: string;
  readonly not_modified: boolean;
  readonly last_fetched: string | null;
  readonly began_at: Date;
}

/** Ends a run: its outcome, the swap of a `replace`, the watermark. A run that has ended stays as it ended. */
export async function finishStream(pool: Pool, input: FinishStream): Promise<StreamReport> {
  return transaction(pool, async (client) => {
    const { stream, run } = input;
    const row = await lockRun(client, run);
    if (row.state === 'done') return reportOf(row, run.syncId);
    const checkpoint = readCheckpoint(row.checkpoint);
    const empty = input.nothingToRead === true && row.page_no === 0;
    if (!checkpoint.done && !empty)
      throw new RetryLater(`${run.syncId} has not read all its pages: another owner went on`, { afterMs: 0 });

    const { outcome, reasons } = outcomeOf({
      counts: reportOf(row, run.syncId).counts,
      errorBudget: stream.definition.errorBudget,
      partnerTotal: checkpoint.expected,
      distinct: checkpoint.expected === null ? null : await countDistinct(client, run),
      doubt: checkpoint.doubt,
      fullListing: row.kind !== 'replay' && isFullListing(stream),
      lastFetched: row.last_fetched === null ? null : Number(row.last_fetched),
      skipped: Number(row.skipped),
      pages: row.page_no,
      notModified: row.not_modified,
    });
    // A listing in doubt never replaces what readers have.
    const swaps =
      stream.definition.disposition === 'replace' && outcome !== 'failed' && outcome !== 'suspect' && !row.not_modified;
    const removed = swaps ? await swap(client, { stream, run, removes: row.quarantined === '0' }) : 0;
    const { rows } = await client.query<ReportRow>(
      `update stream_runs r set state = 'done', outcome = $3, reason = $4, removed = $5, partner_total = $6,
           finished_at = now(), updated_at = now(), deferred_until = null
        from streams s where r.stream_id = $1 and r.run_no = $2 and s.stream_id = r.stream_id
        returning s.name as stream, ${reportColumns}`,
      [run.streamId, run.runNo, outcome, reasons.join('; ') || null, removed, checkpoint.expected],
    );
    const window = parseWindow(row.window_label);
    if (outcome === 'ok' || outcome === 'partial')
      await client.query(
        `update streams s set watermark = case when $3 
              then greatest(watermark, case when r.high_mark is not null then least(r.high_mark, $4) end) else watermark end,
            validators = coalesce(r.validators, s.validators)
          from stream_runs r where s.stream_id = $1 and r.stream_id = $1 and r.run_no = $2`,
        // A range stands for itself: what lies between it and the watermark was not read.
        [run.streamId, run.runNo, window.kind === 'day', sortableTime(readAsOf(window, row.began_at.toISOString()))],
      );
    if ((outcome === 'ok' || outcome === 'partial') && window.kind === 'day' && isIncrementalChild(stream))
      await noteReadParents(client, run);
    return reportOf(rows[0] as ReportRow, run.syncId);
  });
}

/** Records whose keys differ, each partition for itself: two parents may well have a child in common. */
async function countDistinct(client: PoolClient, run: StreamRun): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select (select count(*) from (select distinct slice, parents, unnest(keys) from pages
          where stream_id = $1 and run_no = $2 and keys is not null) as own)
        + (select coalesce(sum(fetched), 0) from pages where stream_id = $1 and run_no = $2 and keys is null) as count`,
    [run.streamId, run.runNo],
  );
  return Number(rows[0]?.count);
}

async function noteReadParents(client: PoolClient, run: StreamRun): Promise<void> {
  await client.query(
    `insert into read_parents (stream_id, parent, run_no)
        select distinct stream_id, unnest(parents), run_no from pages where stream_id = $1 and run_no = $2
      on conflict (stream_id, parent) do update set run_no = excluded.run_no`,
    [run.streamId, run.runNo],
  );
}

const isIncrementalChild = ({ definition }: CompiledStream): boolean =>
  definition.parent !== undefined && definition.incremental !== undefined;

const isFullListing = (stream: CompiledStream): boolean =>
  stream.definition.fullListing ??
  (stream.definition.incremental === undefined && stream.definition.disposition !== 'append');

async function lockRun(client: PoolClient, run: StreamRun): Promise<RunRow> {
  const { rows } = await client.query<RunRow>(
    `select s.name as stream, r.checkpoint, r.kind, r.window_label, r.skipped, r.not_modified, coalesce(r.began_at, r.started_at) as began_at, ${reportColumns},
        (select fetched from stream_runs before where before.stream_id = r.stream_id and before.run_no < r.run_no
          and before.outcome in ('ok', 'partial') and not before.not_modified
          and before.kind <> 'replay' order by before.run_no desc limit 1) as last_fetched
      from streams s join stream_runs r using (stream_id) where r.stream_id = $1 and r.run_no = $2 for update of s, r`,
    [run.streamId, run.runNo],
  );
  return rows[0] as RunRow;
}

/**
 * Makes the target equal to the shadow, touching only rows that differ: readers see the old or the new table, never a
 * half, and views and grants on the target stay.
 */
async function swap(
  client: PoolClient,
  { stream, run, removes }: { readonly stream: CompiledStream; readonly run: StreamRun; readonly removes: boolean },
): Promise<number> {
  const target = targetOf(stream);
  const shadow = shadowOf(stream, run.runNo);
  const keys = stream.keyColumns.map((column) => quoted(column.name));
  const columns = `${rowColumns(stream)}, _loaded_at`;
  if (keys.length === 0) {
    const { rowCount } = await client.query(`delete from ${target}`);
    await client.query(`insert into ${target} (${columns}) select ${columns} from ${shadow}`);
    await client.query(`drop table ${shadow}`);
    return rowCount ?? 0;
  }
  await client.query(`analyze ${shadow}`);
  const same = keys.map((key) => `t.${key} = n.${key}`).join(' and ');
  // A record in quarantine is not gone: its last good row stays, and which row that is cannot be known for certain.
  const { rowCount } = removes
    ? await client.query(`delete from ${target} t where not exists (select 1 from ${shadow} n where ${same})`)
    : { rowCount: 0 };
  const set = columns
    .split(', ')
    .map((column) => `${column} = excluded.${column}`)
    .join(', ');
  // The same event may make another row: the definition gained a column.
  const own = (row: string): string =>
    [...stream.columns.map((column) => column.name), '_extra'].map((name) => `${row}.${quoted(name)}`).join(', ');
  await client.query(
    `insert into ${target} as t (${columns}) select ${columns} from ${shadow}
      on conflict (${keys.join(', ')}) do update set ${set}, _deleted_at = null
      where t._event <> excluded._event or t._deleted_at is not null or (${own('t')}) is distinct from (${own('excluded')})`,
  );
  await client.query(`drop table ${shadow}`);
  return rowCount ?? 0;
}
