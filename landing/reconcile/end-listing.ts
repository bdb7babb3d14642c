import type { Pool, PoolClient } from 'pg';
import { readCheckpoint } from '../../core/checkpoint.ts';
import { RetryLater } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { FinishStream } from '../warehouse.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import { readListing, reportOfListing, type ListingRow } from './listing-row.ts';

/** Ends a listing that has been read to its end, and says whether it proves what is not there. */
export async function endListing(pool: Pool, { stream, run, nothingToRead }: FinishStream): Promise<StreamReport> {
  return transaction(pool, async (client) => {
    await client.query('select from reconcile_listings where sync_id = $1 for update', [run.syncId]);
    const row = (await readListing(client, run.syncId)) as ListingRow;
    if (row.state === 'done') return reportOfListing(row, run.syncId);
    const empty = nothingToRead === true && row.page_no === 0;
    if (!readCheckpoint(row.checkpoint).done && !empty)
      throw new RetryLater(`${run.syncId} has not read all its pages: another owner went on`, { afterMs: 0 });
    const doubts = await doubtsOf(client, stream, row);
    await client.query(
      `update reconcile_listings set state = 'done', doubt = coalesce(doubt, $2), finished_at = now(), deferred_until = null
        where listing_id = $1`,
      [row.listing_id, doubts.join('; ') || null],
    );
    return reportOfListing({ ...row, state: 'done' }, run.syncId);
  });
}

/** Why a record that did not come may be there all the same. */
async function doubtsOf(client: PoolClient, stream: CompiledStream, row: ListingRow): Promise<string[]> {
  const { expected, doubt, refused } = readCheckpoint(row.checkpoint);
  const doubts: string[] = [];
  // Two parents may have a child in common.
  const came = stream.definition.parent === undefined ? await distinctKeys(client, row) : Number(row.records);
  if (expected !== null && came < expected) doubts.push(`the partner says ${expected} records, ${came} came`);
  if (doubt !== undefined) doubts.push(doubt);
  if (refused !== undefined)
    doubts.push(`${refused.count} calls were refused and passed over, the first: ${refused.first}`);
  if (row.skipped !== '0') doubts.push(`${row.skipped} calls were skipped by a rule`);
  const parent = stream.definition.parent?.stream;
  if (parent !== undefined && !(await parentsWereRead(client, stream.partner.name, parent)))
    doubts.push(`the last run of its parents (${parent}) is not ok, so some may not have been asked for`);
  return doubts;
}

async function distinctKeys(client: PoolClient, row: ListingRow): Promise<number> {
  const { rows } = await client.query<{ count: string }>('select count(*) from reconcile_seen where listing_id = $1', [
    row.listing_id,
  ]);
  return Number(rows[0]?.count);
}

async function parentsWereRead(client: PoolClient, partner: string, parent: string): Promise<boolean> {
  const { rows } = await client.query<{ outcome: string | null }>(
    `select r.outcome from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and s.name = $2 and r.kind not in ('replay', 'fetch') order by r.run_no desc limit 1`,
    [partner, parent],
  );
  return rows[0]?.outcome === 'ok';
}
