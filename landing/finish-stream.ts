import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../core/checkpoint.ts';
import { RetryLater } from '../core/errors.ts';
import { outcomeOf } from '../core/outcome.ts';
import type { FinishStream } from './warehouse.ts';
import type { StreamRun } from '../core/staged.ts';
import { evidenceColumns, evidenceOf, standsStill, type EvidenceRow } from '../store/ledger/evidence.ts';
import { noteReading } from '../store/ledger/note-reading.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import { reportColumns, reportOf, type ReportRow } from '../store/ledger/report.ts';
import { foundInMark } from './found-in-mark.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { swap, type Swapped } from './swap.ts';
import { transaction } from '../store/session/transaction.ts';

interface RunRow extends EvidenceRow {
  readonly remark: string | null;
  readonly unfit: string;
  readonly last_event: string;
  readonly last_page: string;
  readonly transforms: string | null;
}

/** Ends a run: its outcome, the swap of a `replace`, the watermark. A run that has ended stays as it ended. */
export async function finishStream(pool: Pool, input: FinishStream): Promise<StreamReport> {
  return transaction(pool, async (client) => {
    const { stream, run } = input;
    const row = await lockRun(client, run);
    if (row.state === 'done') return reportOf(row, run.syncId);
    expectSameTransforms(stream, row.transforms);
    const checkpoint = readCheckpoint(row.checkpoint);
    const empty = input.nothingToRead === true && row.page_no === 0;
    if (!checkpoint.done && !empty)
      throw new RetryLater(`${run.syncId} has not read all its pages: another owner went on`, { afterMs: 0 });

    const { outcome: read, reasons } = outcomeOf(
      evidenceOf(row, stream, standsStill(row, stream) ? await foundInMark(client, { stream, run, row }) : undefined),
    );
    // All that came was taken, and still the table lacks something.
    const outcome = read === 'ok' && row.unfit !== '0' ? 'partial' : read;
    const said = row.remark === null ? reasons : [...reasons, row.remark];
    // A listing in doubt never replaces what readers have.
    const swaps =
      stream.definition.disposition === 'replace' && outcome !== 'failed' && outcome !== 'suspect' && !row.not_modified;
    const swapped: Swapped = swaps
      ? await swap(client, {
          stream,
          run,
          removes: row.quarantined === '0',
          pages: row.page_no,
          lastEvent: Number(row.last_event),
          lastPage: Number(row.last_page),
        })
      : { removed: 0, sweep: 0 };
    if (swaps)
      await client.query('update streams set emptied_at = null where stream_id = $1 and emptied_at is not null', [
        run.streamId,
      ]);
    const { rows } = await client.query<ReportRow>(
      `update stream_runs r set state = 'done', outcome = $3, reason = $4, removed = $5, partner_total = $6, sweep = $7,
           finished_at = now(), updated_at = now(), deferred_until = null
        from streams s where r.stream_id = $1 and r.run_no = $2 and s.stream_id = r.stream_id
        returning s.name as stream, ${reportColumns}`,
      [run.streamId, run.runNo, outcome, said.join('; ') || null, swapped.removed, checkpoint.expected, swapped.sweep],
    );
    if (outcome === 'ok' || outcome === 'partial') await noteReading(client, { stream, run, row });
    return reportOf(rows[0] as ReportRow, run.syncId);
  });
}

async function lockRun(client: PoolClient, run: StreamRun): Promise<RunRow> {
  const { rows } = await client.query<RunRow>(
    `select s.name as stream, s.last_event, s.last_page, s.transforms, r.remark, r.unfit, ${evidenceColumns}
      from streams s join stream_runs r using (stream_id) where r.stream_id = $1 and r.run_no = $2 for update of s, r`,
    [run.streamId, run.runNo],
  );
  return rows[0] as RunRow;
}
