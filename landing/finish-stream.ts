import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../core/checkpoint.ts';
import { RetryLater } from '../core/errors.ts';
import { outcomeOf } from '../core/outcome.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { FinishStream } from './warehouse.ts';
import type { StreamRun } from '../core/staged.ts';
import { evidenceColumns, evidenceOf, type EvidenceRow } from '../store/ledger/evidence.ts';
import { noteReading } from '../store/ledger/note-reading.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import { quoted } from '../core/sql-text.ts';
import { reportColumns, reportOf, type ReportRow } from '../store/ledger/report.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { rowColumns, targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';

interface RunRow extends EvidenceRow {
  readonly remark: string | null;
  readonly unfit: string;
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

    const { outcome: read, reasons } = outcomeOf(evidenceOf(row, stream));
    // All that came was taken, and still the table lacks something.
    const outcome = read === 'ok' && row.unfit !== '0' ? 'partial' : read;
    const said = row.remark === null ? reasons : [...reasons, row.remark];
    // A listing in doubt never replaces what readers have.
    const swaps =
      stream.definition.disposition === 'replace' && outcome !== 'failed' && outcome !== 'suspect' && !row.not_modified;
    const removed = swaps ? await swap(client, { stream, run, removes: row.quarantined === '0' }) : 0;
    if (swaps)
      await client.query('update streams set emptied_at = null where stream_id = $1 and emptied_at is not null', [
        run.streamId,
      ]);
    const { rows } = await client.query<ReportRow>(
      `update stream_runs r set state = 'done', outcome = $3, reason = $4, removed = $5, partner_total = $6,
           finished_at = now(), updated_at = now(), deferred_until = null
        from streams s where r.stream_id = $1 and r.run_no = $2 and s.stream_id = r.stream_id
        returning s.name as stream, ${reportColumns}`,
      [run.streamId, run.runNo, outcome, said.join('; ') || null, removed, checkpoint.expected],
    );
    if (outcome === 'ok' || outcome === 'partial') await noteReading(client, { stream, run, row });
    return reportOf(rows[0] as ReportRow, run.syncId);
  });
}

async function lockRun(client: PoolClient, run: StreamRun): Promise<RunRow> {
  const { rows } = await client.query<RunRow>(
    `select s.name as stream, r.remark, r.unfit, ${evidenceColumns}
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
  const shadow = shadowOf(stream, run);
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
