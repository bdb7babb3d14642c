import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../core/checkpoint.ts';
import { heldForApproval, type Approval } from '../core/approval.ts';
import { RetryLater } from '../core/errors.ts';
import { sweeps } from '../core/landed-stream.ts';
import { brokenRulesWords } from '../core/ledger-rule.ts';
import { outcomeOf } from '../core/outcome.ts';
import { overdueWords, refusedWords } from '../core/wait-words.ts';
import { fetchesNeeds } from '../definitions/relations.ts';
import type { FinishStream } from './warehouse.ts';
import type { StreamRun } from '../core/staged.ts';
import { evidenceColumns, evidenceOf, standsStill } from '../store/ledger/evidence.ts';
import { noteReading } from '../store/ledger/note-reading.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import { reportColumns, reportOf, type ReportRow } from '../store/ledger/report.ts';
import { foundInMark } from './found-in-mark.ts';
import { brokenRules } from './broken-rules.ts';
import { expectSameColumns } from './made-columns.ts';
import { expectSameTransforms } from './same-transforms.ts';
import type { SweptRow } from './listing-fault.ts';
import { sweepRun } from './sweep-run.ts';
import { refusedAnswers } from '../store/waiting/asked-needs.ts';
import { overdueOf } from '../store/waiting/list-waiting.ts';
import { transaction } from '../store/session/transaction.ts';

interface RunRow extends SweptRow {
  readonly remark: string | null;
  readonly unfit: string;
  readonly transforms: string | null;
  readonly rules_checked: string | null;
  readonly made_columns: number;
}

/**
 * Ends a run: its outcome, the rows that its listing did not have, the watermark. A run that has ended stays as it ended. Throws
 * HeldForApproval where so many rows would go that a person has to look at it first.
 */
export async function finishStream(pool: Pool, input: FinishStream): Promise<StreamReport> {
  const ended = await transaction(pool, (client) => finish(client, input));
  if ('held' in ended) throw heldForApproval(ended.held);
  return ended;
}

async function finish(client: PoolClient, input: FinishStream): Promise<StreamReport | { readonly held: Approval }> {
  const { stream, run } = input;
  const row = await lockRun(client, run);
  if (row.state === 'done') return reportOf(row, run.syncId);
  expectSameTransforms(stream, row.transforms);
  expectSameColumns(stream, row.made_columns);
  const checkpoint = readCheckpoint(row.checkpoint);
  const empty = input.nothingToRead === true && row.page_no === 0;
  if (!checkpoint.done && !empty)
    throw new RetryLater(`${run.syncId} has not read all its pages: another owner went on`, { afterMs: 0 });

  const { outcome: read, reasons } = outcomeOf(
    evidenceOf(row, stream, standsStill(row, stream) ? await foundInMark(client, { stream, run, row }) : undefined),
  );
  const swept = await sweepRun(client, { stream, run, outcome: read, row });
  if (swept.held !== undefined) return { held: swept.held };
  const broken = await brokenRules(client, { stream, run, checked: row.rules_checked, swept: swept.removed });
  const overdue = stream.relations?.needs.length ? await overdueOf(client, run.streamId) : undefined;
  const refused = fetchesNeeds(stream)
    ? await refusedAnswers(client, { partner: stream.partner.name, streamId: run.streamId })
    : 0;
  const said = [
    ...reasons,
    ...(overdue === undefined ? [] : [overdueWords(overdue, { partner: stream.partner.name, stream: stream.name })]),
    ...(refused === 0 ? [] : [refusedWords(refused, { partner: stream.partner.name, stream: stream.name })]),
    ...(broken.length === 0 ? [] : [brokenRulesWords(broken, { partner: stream.partner.name, stream: stream.name })]),
    ...(swept.says === undefined ? [] : [swept.says]),
    ...(row.remark === null ? [] : [row.remark]),
    ...(input.remark === undefined ? [] : [input.remark]),
  ];
  // All that came was taken, and still the table lacks something.
  const lacks =
    read === 'ok' && (row.unfit !== '0' || overdue !== undefined || refused > 0 || broken.length > 0)
      ? 'partial'
      : read;
  const outcome = swept.refused === true ? 'suspect' : lacks;
  if (swept.sweep > 0)
    await client.query('update streams set emptied_at = null where stream_id = $1 and emptied_at is not null', [
      run.streamId,
    ]);
  const { rows } = await client.query<ReportRow>(
    `update stream_runs r set state = 'done', outcome = $3, reason = $4, removed = $5, partner_total = $6, sweep = $7,
         finished_at = now(), updated_at = now(), deferred_until = null
      from streams s where r.stream_id = $1 and r.run_no = $2 and s.stream_id = r.stream_id
      returning s.name as stream, ${reportColumns}`,
    [run.streamId, run.runNo, outcome, said.join('; ') || null, swept.removed, checkpoint.expected, swept.sweep],
  );
  // They have told what is gone, and nobody asks for them again.
  if (outcome === 'ok' && sweeps(stream))
    await client.query('update pages set keys = null where stream_id = $1 and run_no = $2 and keys is not null', [
      run.streamId,
      run.runNo,
    ]);
  if (outcome === 'ok' || outcome === 'partial') await noteReading(client, { stream, run, row });
  return reportOf(rows[0] as ReportRow, run.syncId);
}

async function lockRun(client: PoolClient, run: StreamRun): Promise<RunRow> {
  const { rows } = await client.query<RunRow>(
    `select s.name as stream, s.last_event, s.last_page, s.transforms, s.rules_checked, s.made_columns, r.remark, r.unfit, r.range_from, r.range_to, ${evidenceColumns}
      from streams s join stream_runs r using (stream_id) where r.stream_id = $1 and r.run_no = $2 for update of s, r`,
    [run.streamId, run.runNo],
  );
  return rows[0] as RunRow;
}
