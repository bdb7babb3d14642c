import type { PoolClient } from 'pg';
import { anomaliesOf } from '../core/anomaly.ts';
import type { Approval } from '../core/approval.ts';
import { addCounts, noCounts, type Counts } from '../core/counts.ts';
import type { Failpoint } from '../core/failpoint.ts';
import { fold, type Folded } from '../core/fold.ts';
import { knowsDeletes } from '../core/landed-stream.ts';
import type { StagedPage, StagedRecord } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { noteAnomalies } from '../store/anomalies/note-anomalies.ts';
import type { CommitInput } from '../store/ledger/commit-input.ts';
import { recordPages } from '../store/ledger/record-pages.ts';
import { settleRuns } from '../store/ledger/settle-runs.ts';
import { replayedIds } from '../store/quarantine/replayed-page.ts';
import { settleEntries } from '../store/quarantine/settle-entries.ts';
import { ordersByArrival, supersedeHeld } from '../store/quarantine/supersede.ts';
import { ordersByVersion, supersedeOlder } from '../store/quarantine/supersede-older.ts';
import { readHeads, withHeadKey, withReceived } from '../targets/postgres/heads.ts';
import type { PostgresLines } from '../targets/postgres/page-lines.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { writeRows } from '../targets/postgres/write-rows.ts';
import { bury, readGone } from './bury.ts';
import { commitDeletes, foldDeletes, type FoldedDeletes, type LockedStream } from './commit-deletes.ts';
import { heldDeletes } from './held-deletes.ts';
import type { Standing } from './place-in-run.ts';
import type { RelatedCommit } from './related-commit.ts';
import { RuleCheck } from './rule-check.ts';
import { supersedeLate } from './supersede-late.ts';
import { withoutChanged } from './without-changed.ts';

/** Pages that follow on from where their run stands, under the locks of their streams. */
export interface Landing extends CommitInput {
  readonly stream: CompiledStream;
  readonly standing: Standing;
  readonly related: RelatedCommit | undefined;
  /** The stream whose records these pages say are gone. */
  readonly locked: LockedStream | undefined;
  /** Records in quarantine may be superseded. */
  readonly holds: boolean;
}

/** Returns what it waits for where it would delete so much that a person has to look at it first: nothing but the question is written. */
export async function landPages(
  client: PoolClient,
  landing: Landing,
  failpoint: Failpoint,
): Promise<Counts | Approval> {
  const { stream, run, standing } = landing;
  const decided = await decidePages(client, landing);
  const other = stream.deletesIn;
  const held = await heldDeletes(client, {
    stream: other ?? stream,
    run,
    folded: decided.deletes?.folded ?? decided.folded,
    before: other === undefined ? standing.deleted : standing.written,
  });
  if (held !== undefined) return held;
  await writePages(client, landing, { decided, failpoint });
  await settlePages(client, landing, { decided, failpoint });
  return decided.folded.counts.reduce(addCounts, noCounts);
}

interface Decided {
  /** Without what an immutable stream has otherwise. */
  readonly pages: readonly StagedPage[];
  readonly table: string;
  readonly folded: Folded<StagedRecord>;
  /** What they are for the stream whose records they say are gone. */
  readonly deletes: FoldedDeletes | undefined;
}

/** What becomes of each record. Writes nothing but what is held of an immutable stream. */
async function decidePages(client: PoolClient, landing: Landing): Promise<Decided> {
  const { stream, run, related, locked, standing } = landing;
  const { disposition, immutable } = stream.definition;
  const replaces = disposition === 'replace';
  const table = replaces ? shadowOf(stream, run) : targetOf(stream);
  let { pages } = landing;
  let heads = await readHeads(client, { stream, table, records: recordsOf(pages) });
  if (immutable === true) pages = await withoutChanged(client, { stream, run, pages, heads });
  const records = recordsOf(pages);
  const came = { pages: pages.map((page) => page.records), firstPage: standing.lastPage + 1, heads };
  const turns = await related?.turns(run.streamId, came);
  if (turns !== undefined || (pages.some(isReplay) && ordersByArrival(stream)))
    heads = await withReceived(client, { streamId: run.streamId, heads });
  const folded = fold<StagedRecord>({
    pages: pages.map((page) => ({
      records: disposition === 'append' ? page.records.map((record) => withHeadKey(stream, record)) : page.records,
      quarantined: page.rejected.length,
    })),
    heads,
    ...(replaces ? { prior: await readHeads(client, { stream, table: targetOf(stream), records }) } : {}),
    ...(knowsDeletes(stream) ? { gone: await readGone(client, { stream, streamId: run.streamId, records }) } : {}),
    lastEvent: standing.lastEvent,
    ...(turns === undefined ? {} : { turns }),
  });
  const other = stream.deletesIn;
  const waits = (other?.relations?.needs.length ?? 0) > 0;
  const deletes = locked && other && (await foldDeletes(client, { stream: other, locked, waits, pages, folded }));
  return { pages, table, folded, deletes };
}

interface Step {
  readonly decided: Decided;
  readonly failpoint: Failpoint;
}

/** Log, table, tombstones, ledger and quarantine. */
async function writePages(client: PoolClient, landing: Landing, { decided, failpoint }: Step): Promise<void> {
  const { stream, run, standing } = landing;
  const { pages, table, folded, deletes } = decided;
  const firstPage = standing.lastPage + 1;
  const ruled = await RuleCheck.begin(client, { stream, ...run }, folded);
  const other = stream.deletesIn;
  const alsoRuled =
    deletes &&
    other &&
    (await RuleCheck.begin(client, { stream: other, ...deletes.locked, runNo: null }, deletes.folded));
  // What another warehouse wrote never comes here.
  const written = pages.map(({ lines }, i) => ({ page: firstPage + i, lines: lines as PostgresLines }));
  await writeRows(client, { stream, run, table, folded, pages: written });
  await bury(client, { stream, streamId: run.streamId, table, folded, pages, firstPage });
  if (deletes !== undefined) await commitDeletes(client, deletes, landing);
  await failpoint('commit.middle');
  await recordPages(client, { ...landing, pages, firstPage, counts: folded.counts, lastEvent: folded.lastEvent });
  await ruled?.end();
  await alsoRuled?.end();
}

/** What follows of the records that landed: anomalies, entries of the quarantine that they settle, and others that waited for them. */
async function settlePages(client: PoolClient, landing: Landing, { decided, failpoint }: Step): Promise<void> {
  const { stream, run, related, standing, names, holds } = landing;
  const { pages, folded } = decided;
  const { streamId } = run;
  if (folded.odd.length > 0) await noteAnomalies(client, { run, found: anomaliesOf(stream, folded.odd) });
  if (pages.some(isReplay)) {
    const runNos = await settleEntries(client, { streamId, ids: pages.flatMap(replayedIds) });
    await settleRuns(client, { stream, names, streamId, runNos });
  }
  if (holds || pages.some((page) => page.rejected.length > 0)) {
    const told = related?.told() ?? pages;
    if (ordersByArrival(stream)) await supersedeHeld(client, { run, pages: told, firstPage: standing.lastPage + 1 });
    if (ordersByVersion(stream)) {
      await supersedeOlder(client, { stream, streamId, landed: told.flatMap(({ records }) => records) });
      await supersedeLate(client, { stream, streamId, pages });
    }
  }
  if (related === undefined) return;
  await related.finish(streamId, folded);
  await failpoint('commit.released');
}

const recordsOf = (pages: readonly StagedPage[]): readonly StagedRecord[] => pages.flatMap(({ records }) => records);
const isReplay = ({ replays }: StagedPage): boolean => replays !== undefined;
