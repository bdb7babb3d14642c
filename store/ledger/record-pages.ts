import type { ClientBase } from 'pg';
import { addCounts, noCounts, type Counts } from '../../core/counts.ts';
import type { StagedPage, StreamRun } from '../../core/staged.ts';
import type { CommitInput } from './commit-input.ts';
import { holdRecords } from '../quarantine/hold-records.ts';

interface RecordInput extends CommitInput {
  readonly pages: readonly StagedPage[];
  readonly firstPage: number;
  readonly counts: readonly Counts[];
  readonly lastEvent: number;
}

/** The ledger's side of a commit: page rows, quarantine, the run's counts and its new checkpoint. */
export async function recordPages(client: ClientBase, input: RecordInput): Promise<void> {
  await insertPages(client, input);
  const dismissed = await holdRecords(client, input);
  // What was pushed is of no run.
  if (input.pages.some(({ caller }) => caller === undefined)) await advanceRun(client, input, dismissed);
}

/** With where the stream stands then: one question instead of two. */
async function insertPages(client: ClientBase, input: RecordInput): Promise<void> {
  const { run, writer, firstPage, lastEvent } = input;
  const rows = input.pages.map((page, i) => ({
    page_key: page.pageKey,
    stream_id: run.streamId,
    page_id: firstPage + i,
    run_no: run.runNo,
    page_no: page.pageNo,
    slice: page.slice,
    parents: page.parents.length === 0 ? null : page.parents,
    cursor_in: page.cursorIn,
    cursor_out: page.cursorOut,
    status: page.status,
    request_id: page.requestId,
    bytes: page.bytes,
    ...input.counts[i],
    fetched_at: page.fetchedAt,
    committed_at: null,
    workflow_run_id: writer.workflowRunId,
    attempt: writer.attempt,
    keys: page.keys,
    kind: kindOf(page),
    caller: page.caller,
  }));
  const columns = `page_key, stream_id, page_id, run_no, page_no, slice, parents, cursor_in, cursor_out, status, request_id, bytes,
    fetched, inserted, updated, unchanged, stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt, keys, kind, caller`;
  await client.query({
    name: 'insert pages',
    text: `with inserted as (insert into pages (${columns}) select ${columns} from json_populate_recordset(null::pages, $1))
      update streams set last_event = $3, last_page = $4 where stream_id = $2`,
    values: [JSON.stringify(rows), run.streamId, lastEvent, firstPage + rows.length - 1],
  });
  for (const page of input.pages) if (page.anew === true && page.keys !== null) await forgetKeys(client, run, page);
}

/** Of a partition that is read anew, what came before says nothing of whether all came. */
async function forgetKeys(client: ClientBase, run: StreamRun, { slice, parents, pageNo }: StagedPage): Promise<void> {
  await client.query(
    `update pages set keys = '{}' where stream_id = $1 and run_no = $2 and slice = $3 and parents is not distinct from $4::text[]
        and page_no < $5 and keys is not null`,
    [run.streamId, run.runNo, slice, parents.length === 0 ? null : parents, pageNo],
  );
}

function kindOf(page: StagedPage): string {
  if (page.caller !== undefined) return 'push';
  if (page.replays !== undefined) return 'replay';
  if (page.repair === true) return 'repair';
  if (page.fetched === true) return 'fetch';
  return isRefused(page) ? 'refused' : 'page';
}

/** What a parent's call stands for was not read, whoever decided that. */
const isRefused = ({ refused, skipped, parents }: StagedPage): boolean =>
  refused === true || (skipped && parents.length > 0);

async function advanceRun(client: ClientBase, input: RecordInput, dismissed: number): Promise<void> {
  const { run, pages, counts, requests } = input;
  const last = pages.at(-1) as StagedPage;
  const sum = counts.reduce(addCounts, noCounts);
  const bytes = pages.reduce((total, page) => total + page.bytes, 0);
  const skipped = pages.filter((page) => page.skipped).length;
  const validators = pages.find((page) => page.validators !== null)?.validators ?? null;
  const marks = pages.map((page) => page.highMark).filter((mark) => mark !== null);
  // Workers of before 0020 do not note `began_at`. What they have read, they read after the run was started.
  await client.query({
    name: 'advance run',
    text: `update stream_runs set checkpoint = $3, page_no = $4,
        fetched = fetched + $5, inserted = inserted + $6, updated = updated + $7, unchanged = unchanged + $8,
        stale = stale + $9, deleted = deleted + $10, waiting = waiting + $11, quarantined = quarantined + $12,
        conflicts = conflicts + $13, bytes = bytes + $14, skipped = skipped + $15, requests = requests + $16,
        high_mark = greatest(high_mark, $17), validators = coalesce($18, validators),
        not_modified = not_modified or $19, settled = settled + $20, deferred_until = null, updated_at = now(),
        began_at = coalesce(began_at, case when page_no = 0 then $21 else started_at end)
      where stream_id = $1 and run_no = $2`,
    values: [
      run.streamId,
      run.runNo,
      last.after,
      last.pageNo,
      sum.fetched,
      sum.inserted,
      sum.updated,
      sum.unchanged,
      sum.stale,
      sum.deleted,
      sum.waiting,
      sum.quarantined,
      sum.conflicts,
      bytes,
      skipped,
      requests,
      marks.length === 0 ? null : marks.reduce((a, b) => (a > b ? a : b)),
      validators === null ? null : JSON.stringify(validators),
      pages.some((page) => page.notModified),
      dismissed,
      (pages[0] as StagedPage).askedAt,
    ],
  });
}
