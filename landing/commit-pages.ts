import type { Pool, PoolClient } from 'pg';
import { heldForApproval, type Approval } from '../core/approval.ts';
import { noCounts, type Counts } from '../core/counts.ts';
import { GiveUp } from '../core/errors.ts';
import type { Failpoint } from '../core/failpoint.ts';
import type { StagedPage } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { CommitInput as LandedInput } from '../store/ledger/commit-input.ts';
import { replayedPage } from '../store/quarantine/replayed-page.ts';
import { transaction } from '../store/session/transaction.ts';
import { RefusedRow } from '../targets/postgres/write-rows.ts';
import { lockBoth } from './commit-deletes.ts';
import { RefusedDeletes, withoutDeletes } from './held-deletes.ts';
import { landPages } from './land-pages.ts';
import { expectSameColumns } from './made-columns.ts';
import { Circle, lockRun, pagesToCommit } from './place-in-run.ts';
import { RelatedCommit } from './related-commit.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { withRejected } from './without-changed.ts';

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
  const pages = await replayed(client, input, fresh.pages);
  if (pages.length === 0) return noCounts;
  return landPages(client, { ...input, pages, standing, related, locked, holds: fresh.holds }, failpoint);
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
