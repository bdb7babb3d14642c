import type { CommitInput as LandedInput } from '../store/ledger/commit-input.ts';
import { anomaliesOf } from '../core/anomaly.ts';
import { addCounts, noCounts, type Counts } from '../core/counts.ts';
import { GiveUp, RetryLater, type Coordinates } from '../core/errors.ts';
import { fold } from '../core/fold.ts';
import type { Failpoint } from '../core/failpoint.ts';
import { bury, readGone } from './bury.ts';
import { heldForApproval, type Approval } from '../core/approval.ts';
import { commitDeletes, foldDeletes, lockBoth } from './commit-deletes.ts';
import { knowsDeletes } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StagedPage, StagedRecord, StreamRun } from '../core/staged.ts';
import { heldDeletes, RefusedDeletes, withoutDeletes } from './held-deletes.ts';
import { readHeads, withHeadKey, withReceived } from '../targets/postgres/heads.ts';
import type { PostgresLines } from '../targets/postgres/page-lines.ts';
import { RelatedCommit } from './related-commit.ts';
import { RuleCheck } from './rule-check.ts';
import { withoutChanged, withRejected } from './without-changed.ts';
import { noteAnomalies } from '../store/anomalies/note-anomalies.ts';
import { recordPages } from '../store/ledger/record-pages.ts';
import { replayedIds, replayedPage } from '../store/quarantine/replayed-page.ts';
import { settleEntries } from '../store/quarantine/settle-entries.ts';
import { expectSameColumns } from './made-columns.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { settleRuns } from '../store/ledger/settle-runs.ts';
import { ordersByArrival, supersedeHeld } from '../store/quarantine/supersede.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';
import { RefusedRow, writeRows } from '../targets/postgres/write-rows.ts';
import type { Pool, PoolClient } from 'pg';

interface CommitInput extends LandedInput {
  readonly stream: CompiledStream;
}

/** How many rows of one commit PostgreSQL may refuse, one after the other, before the commit is given up. */
const MAX_REFUSED = 200;

/**
 * Commits pages in one transaction. A row that PostgreSQL refuses although our own checks let it pass goes to
 * quarantine, and the transaction is done again without it: one bad record never blocks a stream.
 */
export async function commitPages(pool: Pool, input: CommitInput, failpoint: Failpoint): Promise<Counts> {
  let pages = input.pages;
  for (let refused = 0; ; refused++) {
    try {
      const done = await transaction(pool, async (client) => commit(client, { ...input, pages }, failpoint));
      if (!('state' in done)) return done;
      throw heldForApproval(done);
    } catch (error) {
      if (error instanceof RefusedDeletes) {
        pages = withoutDeletes(input.stream, pages, error.approval);
        continue;
      }
      if (error instanceof Circle) {
        const { before, message, at: place } = error;
        if (before > 0) await commitPages(pool, { ...input, pages: pages.slice(0, before), requests: 0 }, failpoint);
        throw new GiveUp(message, { at: place });
      }
      if (!(error instanceof RefusedRow) || refused >= MAX_REFUSED) throw error;
      pages = withoutRecord(pages, error);
    }
  }
}

/** Returns what it waits for where it would delete so much that a person has to look at it first: nothing but the question is written. */
async function commit(client: PoolClient, input: CommitInput, failpoint: Failpoint): Promise<Counts | Approval> {
  const { stream, run } = input;
  const other = stream.deletesIn;
  const related = await RelatedCommit.begin(client, stream);
  const locked = other === undefined ? undefined : await lockBoth(client, stream, other);
  const standing = await lockRun(client, run);
  expectSameTransforms(stream, standing.transforms);
  expectSameColumns(stream, standing.made);
  const fresh = await pagesToCommit(client, input, standing.checkpoint);
  let pages = await replayed(client, input, fresh.pages);
  if (pages.length === 0) return noCounts;
  const replays = pages.some((page) => page.replays !== undefined);
  const firstPage = standing.lastPage + 1;

  const replaces = stream.definition.disposition === 'replace';
  const table = replaces ? shadowOf(stream, run) : targetOf(stream);
  let records = pages.flatMap((page) => page.records);
  let heads = await readHeads(client, { stream, table, records });
  if (stream.definition.immutable === true) {
    pages = await withoutChanged(client, { stream, run, pages, heads });
    records = pages.flatMap((page) => page.records);
  }
  const turns = await related?.turns(run.streamId, { pages: pages.map((page) => page.records), firstPage, heads });
  if (turns !== undefined || (replays && ordersByArrival(stream)))
    heads = await withReceived(client, { streamId: run.streamId, heads });
  const keyed =
    stream.definition.disposition === 'append' ? records.map((record) => withHeadKey(stream, record)) : null;
  let at = 0;
  const folded = fold<StagedRecord>({
    pages: pages.map((page) => ({
      records: keyed === null ? page.records : keyed.slice(at, (at += page.records.length)),
      quarantined: page.rejected.length,
    })),
    heads,
    ...(replaces ? { prior: await readHeads(client, { stream, table: targetOf(stream), records }) } : {}),
    ...(knowsDeletes(stream) ? { gone: await readGone(client, { stream, streamId: run.streamId, records }) } : {}),
    lastEvent: standing.lastEvent,
    ...(turns === undefined ? {} : { turns }),
  });

  // What another warehouse wrote never comes here.
  const written = pages.map(({ lines }, i) => ({ page: standing.lastPage + i + 1, lines: lines as PostgresLines }));
  const waits = (other?.relations?.needs.length ?? 0) > 0;
  const deletes = locked && other && (await foldDeletes(client, { stream: other, locked, waits, pages, folded }));
  const held = await heldDeletes(client, {
    stream: other ?? stream,
    run,
    folded: deletes?.folded ?? folded,
    before: other === undefined ? standing.deleted : standing.written,
  });
  if (held !== undefined) return held;
  const ruled = await RuleCheck.begin(client, { stream, ...run }, folded);
  const alsoRuled =
    deletes &&
    other &&
    (await RuleCheck.begin(client, { stream: other, ...deletes.locked, runNo: null }, deletes.folded));
  await writeRows(client, { stream, run, table, folded, pages: written });
  await bury(client, { stream, streamId: run.streamId, table, folded, pages, firstPage });
  if (deletes !== undefined) await commitDeletes(client, deletes, input);
  await failpoint('commit.middle');
  await recordPages(client, { ...input, pages, firstPage, counts: folded.counts, lastEvent: folded.lastEvent });
  await ruled?.end();
  await alsoRuled?.end();
  if (folded.odd.length > 0) await noteAnomalies(client, { run, found: anomaliesOf(stream, folded.odd) });
  if (replays) {
    const { streamId } = run;
    const runNos = await settleEntries(client, { streamId, ids: pages.flatMap(replayedIds) });
    await settleRuns(client, { stream, names: input.names, streamId, runNos });
  }
  if (fresh.holds || (ordersByArrival(stream) && pages.some((page) => page.rejected.length > 0)))
    await supersedeHeld(client, { run, pages: related?.told() ?? pages, firstPage });
  if (related !== undefined) {
    await related.finish(run.streamId, folded);
    await failpoint('commit.released');
  }
  return folded.counts.reduce(addCounts, noCounts);
}

async function replayed(
  client: PoolClient,
  { stream, run }: CommitInput,
  pages: readonly StagedPage[],
): Promise<readonly StagedPage[]> {
  const found: StagedPage[] = [];
  for (const page of pages)
    found.push(page.replays === undefined ? page : await replayedPage(client, { stream, run, page }));
  return found;
}

/** A page that came before. Those that precede it are good, and are kept. */
class Circle extends GiveUp {
  readonly before: number;
  constructor(before: number, message: string, details: { readonly at: Coordinates }) {
    super(message, details);
    this.before = before;
  }
}

interface Standing {
  readonly lastEvent: number;
  readonly lastPage: number;
  readonly checkpoint: string;
  /** Stamp of the transforms that made the table's rows. */
  readonly transforms: string | null;
  /** How many columns of fields that no schema names the table's rows have. */
  readonly made: number;
  /** Records of the run so far that were deletes, and that were new or newer. */
  readonly deleted: number;
  readonly written: number;
}

interface LockedRun extends Record<'last_event' | 'last_page' | 'deleted' | 'written' | 'checkpoint', string> {
  readonly state: string;
  readonly transforms: string | null;
  readonly made_columns: number;
}

/** The row lock on the stream makes its writers take turns; what is read under it stays true until the commit. */
async function lockRun(client: PoolClient, run: StreamRun): Promise<Standing> {
  const { rows } = await client.query<LockedRun>(
    `select s.last_event, s.last_page, s.transforms, s.made_columns, r.checkpoint, r.state, r.deleted, r.inserted + r.updated as written
      from streams s join stream_runs r using (stream_id)
      where s.stream_id = $1 and r.run_no = $2 for update`,
    [run.streamId, run.runNo],
  );
  const row = rows[0];
  if (row === undefined) throw new GiveUp(`the ledger has no run ${run.syncId}`);
  if (row.state !== 'running') throw new RetryLater(`run ${run.syncId} is ${row.state}: another owner ended it`);
  return {
    lastEvent: Number(row.last_event),
    lastPage: Number(row.last_page),
    checkpoint: row.checkpoint,
    transforms: row.transforms,
    made: row.made_columns,
    deleted: Number(row.deleted),
    written: Number(row.written),
  };
}

interface Fresh {
  readonly pages: readonly StagedPage[];
  /** Records in quarantine that those of a page may supersede. Asked behind the lock: a query that waits for it sees what was before. */
  readonly holds: boolean;
}

/** Drops pages that are in the ledger already and checks that the rest follow on from where the run stands. */
async function pagesToCommit(
  client: PoolClient,
  { pages, run, stream }: CommitInput,
  checkpoint: string,
): Promise<Fresh> {
  const { rows } = await client.query<{ holds: boolean; page_key: string | null; page_no: number }>(
    `select h.holds, p.page_key, p.page_no
      from (select $2 and exists (select from quarantine where stream_id = $3 and status = 'held' and superseded_at is null) as holds) h
      left join pages p on p.page_key = any($1)`,
    [pages.map((page) => page.pageKey), ordersByArrival(stream), run.streamId],
  );
  const ledger = new Map(rows.flatMap((row) => (row.page_key === null ? [] : [[row.page_key, row.page_no] as const])));
  const fresh: StagedPage[] = [];
  let at = checkpoint;
  for (const [index, page] of pages.entries()) {
    const known = ledger.get(page.pageKey) ?? fresh.find((other) => other.pageKey === page.pageKey)?.pageNo;
    if (known === page.pageNo) continue;
    // Partitions that are read side by side have their pages numbered as they come: another owner's numbers differ.
    if (known !== undefined && page.before === at)
      throw new Circle(
        index,
        `page ${page.pageNo} of ${run.syncId} has the cursor of page ${known}: the partner's pages go round in a circle`,
        { at: { page: page.pageNo } },
      );
    if (page.before !== at)
      throw new RetryLater(
        `page ${page.pageNo} of ${run.syncId} does not follow the checkpoint: another owner went on`,
        {
          afterMs: 0,
        },
      );
    fresh.push(page);
    at = page.after;
  }
  return { pages: fresh, holds: rows[0]?.holds === true };
}

function withoutRecord(pages: readonly StagedPage[], refused: RefusedRow): StagedPage[] {
  return pages.map((page) => {
    const record = page.records.find(
      (candidate) => candidate.hash === refused.hash && candidate.ordinal === refused.ordinal,
    );
    return record === undefined
      ? page
      : withRejected(page, new Set([record]), { path: refused.path, reason: refused.message });
  });
}
