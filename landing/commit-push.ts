import type { Pool, PoolClient } from 'pg';
import type { Failpoint } from '../core/failpoint.ts';
import type { StagedPage, StagedRecord } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamIds } from '../core/stream-ids.ts';
import { marksHeld } from '../store/quarantine/supersede.ts';
import { transaction } from '../store/session/transaction.ts';
import { RefusedRow } from '../targets/postgres/write-rows.ts';
import { lockBoth } from './commit-deletes.ts';
import { RefusedDeletes, withoutDeletes } from './held-deletes.ts';
import { landPages } from './land-pages.ts';
import { expectSameColumns } from './made-columns.ts';
import type { Standing } from './place-in-run.ts';
import { RelatedCommit } from './related-commit.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { withRejected } from './without-changed.ts';

/** One request's records, staged. */
export interface PushedPage extends StagedPage {
  /** Who sent it. */
  readonly caller: string;
}

export interface Push {
  readonly names: StreamIds;
  readonly stream: CompiledStream;
  /** Which process wrote: audit columns. */
  readonly writer: string;
  /** Of requests that came together. */
  readonly pages: readonly PushedPage[];
  /**
   * Stores the answers to the requests of these pages. Returns those that are still to be written: of another one somebody else may have taken over the
   * key. Called in the transaction that writes the records, before any is written, and again where that is done again without a record.
   */
  readonly answer: (client: PoolClient, pages: readonly PushedPage[]) => Promise<readonly PushedPage[]>;
}

/** The stream was never made here, or by another definition: make it, then commit again. */
export class NotOpen extends Error {}

/** How many rows of one commit PostgreSQL may refuse, one after the other, before the commit is given up. */
const MAX_REFUSED = 200;

/** Runs are numbered from 1. */
const NO_RUN = 0;

/**
 * Commits what was pushed in one transaction, as pages of kind `push` that belong to no run: what `commitPages` is for a run. Returns the pages as they
 * were written. A record that PostgreSQL refuses, and deletes that a person would have to look at first, go to quarantine.
 */
export async function commitPush(pool: Pool, push: Push, failpoint: Failpoint): Promise<readonly PushedPage[]> {
  let { pages } = push;
  for (let refused = 0; ; refused++) {
    try {
      return await transaction(pool, async (client) => commit(client, { ...push, pages }, failpoint), BOUNDS);
    } catch (error) {
      if (error instanceof RefusedDeletes) pages = held(push.stream, pages, error);
      else if (error instanceof RefusedRow && refused < MAX_REFUSED) pages = withoutRecord(pages, error);
      else throw error;
    }
  }
}

/** A process that is stopped in the middle of it would hold up the stream, and its keys. */
const BOUNDS = [
  `set local idle_in_transaction_session_timeout = '10s'`,
  `set local lock_timeout = '15s'`,
  // Plans are kept for as long as a server runs: one that was made while the table was small would read all of it for each push.
  'set local enable_seqscan = off',
];

async function commit(client: PoolClient, push: Push, failpoint: Failpoint): Promise<readonly PushedPage[]> {
  const { stream, names } = push;
  const pages = await push.answer(client, push.pages);
  if (pages.length === 0) return pages;
  await failpoint('push.answered');
  const related = await RelatedCommit.begin(client, stream);
  const locked = stream.deletesIn === undefined ? undefined : await lockBoth(client, stream, stream.deletesIn);
  const { standing, streamId, holds } = await lockStream(client, stream);
  const run = { streamId, runNo: NO_RUN, syncId: PUSH };
  const done = await landPages(
    client,
    {
      names,
      stream,
      run,
      writer: { workflowRunId: push.writer, attempt: 1 },
      requests: 0,
      pages: pages.map((page, i) => ({ ...page, pageNo: standing.lastPage + 1 + i })),
      standing,
      related,
      locked,
      holds,
    },
    failpoint,
  );
  // What it asked goes with the transaction: there is no run that could wait for the answer.
  if ('state' in done) throw new RefusedDeletes(done);
  await failpoint('push.before');
  return pages;
}

const PUSH = 'push';

interface Locked {
  readonly standing: Standing;
  readonly streamId: number;
  readonly holds: boolean;
}

async function lockStream(client: PoolClient, stream: CompiledStream): Promise<Locked> {
  const { rows } = await client.query<{
    stream_id: number;
    last_event: string;
    last_page: string;
    transforms: string | null;
    made_columns: number;
    definition_version: string;
    target_table: string;
  }>({
    name: 'lock stream',
    text: `select stream_id, last_event, last_page, transforms, made_columns, definition_version, target_table
      from streams where partner = $1 and name = $2 for update`,
    values: [stream.partner.name, stream.name],
  });
  const [row] = rows;
  if (row?.definition_version !== stream.definitionVersion || row.target_table !== stream.table) throw new NotOpen();
  expectSameTransforms(stream, row.transforms);
  expectSameColumns(stream, row.made_columns);
  const standing = {
    lastEvent: Number(row.last_event),
    lastPage: Number(row.last_page),
    checkpoint: '',
    transforms: row.transforms,
    made: row.made_columns,
    deleted: 0,
    written: 0,
  };
  return { standing, streamId: row.stream_id, holds: await anyHeld(client, stream, row.stream_id) };
}

/** Asked behind the lock, as `pagesToCommit` does. */
async function anyHeld(client: PoolClient, stream: CompiledStream, streamId: number): Promise<boolean> {
  if (!marksHeld(stream)) return false;
  const { rows } = await client.query<{ holds: boolean }>(
    `select exists (select from quarantine where stream_id = $1 and status = 'held' and superseded_at is null) as holds`,
    [streamId],
  );
  return rows[0]?.holds === true;
}

/** Deletes of so many rows wait in quarantine: `syncline quarantine replay` makes them, and asks for approval. */
function held(
  stream: CompiledStream,
  pages: readonly PushedPage[],
  { approval }: RefusedDeletes,
): readonly PushedPage[] {
  const { gone, of } = approval;
  const reason = `deletes ${gone} of ${of} rows at once, more than deletes.hold allows: look at it, then \`syncline quarantine replay\``;
  return withoutDeletes(stream, pages, approval).map((page, i) => {
    const known = pages[i] as PushedPage;
    return {
      ...known,
      ...page,
      rejected: page.rejected.map((each) => (known.rejected.includes(each) ? each : { ...each, reason })),
    };
  });
}

function withoutRecord(pages: readonly PushedPage[], refused: RefusedRow): readonly PushedPage[] {
  const isIt = (record: StagedRecord): boolean => record === refused.record || isSame(record, refused);
  let found = false;
  return pages.map((page) => {
    const record = found ? undefined : page.records.find(isIt);
    if (record === undefined) return page;
    found = true;
    return { ...page, ...withRejected(page, new Set([record]), { path: refused.path, reason: refused.message }) };
  });
}

const isSame = ({ hash, ordinal }: StagedRecord, refused: RefusedRow): boolean =>
  hash === refused.hash && ordinal === refused.ordinal;
