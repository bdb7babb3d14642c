import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../../core/checkpoint.ts';
import { noCounts, type Counts } from '../../core/counts.ts';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import { hashToUuid } from '../../core/page-key.ts';
import type { StagedPage, StreamRun, Writer } from '../../core/staged.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { ListedRecord } from './listing-lines.ts';

export interface CommitListing {
  readonly run: StreamRun;
  readonly writer: Writer;
  readonly pages: readonly StagedPage[];
  readonly requests: number;
}

interface Locked {
  readonly listing_id: number;
  readonly checkpoint: string;
  readonly page_no: number;
  readonly empty_pages: number;
  readonly state: string;
}

/** Keeps what pages of a listing had, in one transaction with where it stands. Pages that are kept already change nothing. */
export async function commitListing(pool: Pool, input: CommitListing): Promise<Counts> {
  return transaction(pool, async (client) => {
    const listing = await lock(client, input.run.syncId);
    const pages = await freshPages(client, listing, input);
    if (pages.length === 0) return noCounts;
    await insertPages(client, listing, { ...input, pages });
    await insertSeen(client, listing, pages);
    return advance(client, listing, { ...input, pages });
  });
}

async function lock(client: PoolClient, syncId: string): Promise<Locked> {
  const { rows } = await client.query<Locked>(
    'select listing_id, checkpoint, page_no, empty_pages, state from reconcile_listings where sync_id = $1 for update',
    [syncId],
  );
  const [row] = rows;
  if (row === undefined) throw new GiveUp(`there is no listing ${syncId}`);
  if (row.state !== 'running') throw new RetryLater(`${syncId} is ${row.state}: another owner ended it`);
  return row;
}

/** As `pagesToCommit` does for a run. */
async function freshPages(
  client: PoolClient,
  listing: Locked,
  { pages, run }: CommitListing,
): Promise<readonly StagedPage[]> {
  const { rows } = await client.query<{ page_key: string; page_no: number }>(
    'select page_key, page_no from reconcile_pages where listing_id = $1 and page_key = any ($2)',
    [listing.listing_id, pages.map(({ pageKey }) => pageKey)],
  );
  const known = new Map(rows.map((row) => [row.page_key, row.page_no]));
  const fresh: StagedPage[] = [];
  let at = listing.checkpoint;
  for (const page of pages) {
    const before = known.get(page.pageKey);
    if (before === page.pageNo) continue;
    if (page.before !== at)
      throw new RetryLater(
        `page ${page.pageNo} of ${run.syncId} does not follow the checkpoint: another owner went on`,
        {
          afterMs: 0,
        },
      );
    if (before !== undefined)
      throw new GiveUp(
        `page ${page.pageNo} of ${run.syncId} has the cursor of page ${before}: the partner's pages go round in a circle`,
        { at: { page: page.pageNo } },
      );
    known.set(page.pageKey, page.pageNo);
    fresh.push(page);
    at = page.after;
  }
  return fresh;
}

async function insertPages(client: PoolClient, listing: Locked, { pages, writer }: CommitListing): Promise<void> {
  const rows = pages.map((page) => ({
    page_no: page.pageNo,
    page_key: page.pageKey,
    status: page.status,
    request_id: page.requestId,
    fetched_at: page.fetchedAt,
    workflow_run_id: writer.workflowRunId,
    attempt: writer.attempt,
  }));
  const columns = 'page_no, page_key, status, request_id, fetched_at, workflow_run_id, attempt';
  await client.query(
    `insert into reconcile_pages (listing_id, ${columns}) select $1, ${columns} from json_populate_recordset(null::reconcile_pages, $2)`,
    [listing.listing_id, JSON.stringify(rows)],
  );
}

/** Of a key that comes twice the later version counts, and of two with one version what came later. */
async function insertSeen(client: PoolClient, listing: Locked, pages: readonly StagedPage[]): Promise<void> {
  const rows = pages.flatMap(({ pageNo, records, rejected }) => [
    ...(records as readonly ListedRecord[]).map(({ key, version, hash, operation = 'u', changedAt, ordinal }) => {
      return { key, version, hash, operation, changed_at: changedAt, page: pageNo, ordinal };
    }),
    ...rejected.map(({ key, hash, ordinal }) => {
      return { key, version: null, hash, operation: 'x', changed_at: null, page: pageNo, ordinal };
    }),
  ]);
  const keyed = rows.flatMap((row) => (row.key === null ? [] : [{ ...row, key_hash: hashToUuid(row.key) }]));
  if (keyed.length === 0) return;
  const columns = 'key_hash, key, version, hash, operation, changed_at, page, ordinal';
  await client.query(
    `insert into reconcile_seen as s (listing_id, ${columns})
      select distinct on (key_hash) $1::integer, ${columns} from json_populate_recordset(null::reconcile_seen, $2)
        order by key_hash, operation = 'x', version desc nulls last, page desc, ordinal desc
      on conflict (listing_id, key_hash) do update set key = excluded.key, version = excluded.version, hash = excluded.hash,
        operation = excluded.operation, changed_at = excluded.changed_at, page = excluded.page, ordinal = excluded.ordinal
      where excluded.operation <> 'x' and (s.operation = 'x' or s.version is null or excluded.version >= s.version)`,
    [listing.listing_id, JSON.stringify(keyed)],
  );
}

async function advance(client: PoolClient, listing: Locked, { pages, requests }: CommitListing): Promise<Counts> {
  const last = pages.at(-1) as StagedPage;
  const records = sum(pages, (page) => page.records.length);
  const unfit = sum(pages, (page) => page.rejected.length);
  const loose = sum(pages, (page) => page.rejected.filter(({ key }) => key === null).length);
  await client.query(
    `update reconcile_listings set checkpoint = $2, page_no = $3, records = records + $4, unfit = unfit + $5, skipped = skipped + $6,
        requests = requests + $7, bytes = bytes + $8, empty_pages = $9, partner_total = $10, deferred_until = null,
        doubt = coalesce(doubt, $11), began_at = case when page_no = 0 then $12 else began_at end
      where listing_id = $1`,
    [
      listing.listing_id,
      last.after,
      last.pageNo,
      records,
      unfit,
      sum(pages, (page) => (page.skipped ? 1 : 0)),
      requests,
      sum(pages, (page) => page.bytes),
      emptyBehind(listing.empty_pages, pages),
      totalOf(last.after),
      loose === 0 ? null : 'records came whose key cannot be read',
      (pages[0] as StagedPage).askedAt,
    ],
  );
  return { ...noCounts, fetched: records + unfit, unchanged: records, quarantined: unfit };
}

function totalOf(after: string): number | null {
  const { expected, stated } = readCheckpoint(after);
  return stated === undefined ? expected : (expected ?? 0) + stated;
}

function emptyBehind(before: number, pages: readonly StagedPage[]): number {
  let empty = before;
  for (const { records, rejected, cursorOut } of pages)
    empty = records.length + rejected.length === 0 && cursorOut !== null ? empty + 1 : 0;
  return empty;
}

const sum = (pages: readonly StagedPage[], of: (page: StagedPage) => number): number =>
  pages.reduce((total, page) => total + of(page), 0);
