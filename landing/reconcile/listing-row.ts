import type { ClientBase, Pool } from 'pg';
import { readCheckpoint, start, writeCheckpoint } from '../../core/checkpoint.ts';
import { noCounts } from '../../core/counts.ts';
import { GiveUp } from '../../core/errors.ts';
import type { ReconcileLevel } from '../../core/reconcile.ts';
import { parseWindow } from '../../core/window.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import type { OpenedStream, OpenStream } from '../warehouse.ts';

export interface ListingRow {
  readonly listing_id: number;
  readonly stream_id: number;
  readonly stream: string;
  readonly reconciliation: string;
  readonly look: number;
  readonly level: ReconcileLevel;
  readonly last_run: number;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly checkpoint: string;
  readonly page_no: number;
  readonly records: string;
  readonly unfit: string;
  readonly skipped: string;
  readonly requests: string;
  readonly state: 'running' | 'done';
  readonly empty_pages: number;
}

/** `reconcile/acme/payments/LABEL/2` is the second look of `reconcile/acme/payments/LABEL`. */
export const listingOf = (syncId: string): { readonly reconciliation: string; readonly look: number } => {
  const at = syncId.lastIndexOf('/');
  return { reconciliation: syncId.slice(0, at), look: Number(syncId.slice(at + 1)) };
};

/** Finds the listing of a look, or begins it. */
export async function openListing(pool: Pool, input: OpenStream): Promise<OpenedStream> {
  const found = (await readListing(pool, input.syncId)) ?? (await beginListing(pool, input));
  if (found.stream !== input.stream.name)
    throw new GiveUp(`${input.syncId} reads stream ${found.stream}, not ${input.stream.name}`);
  return {
    run: { streamId: found.stream_id, runNo: found.last_run + 1, syncId: input.syncId },
    report: reportOfListing(found, input.syncId),
    checkpoint: readCheckpoint(found.checkpoint),
    checkpointText: found.checkpoint,
    range:
      found.range_from === null || found.range_to === null
        ? null
        : { from: found.range_from.toISOString(), to: found.range_to.toISOString() },
    validators: null,
    pollHint: null,
    emptyPages: found.empty_pages,
    usualRequests: null,
  };
}

export async function wantsCounts(pool: Pool, syncId: string): Promise<boolean> {
  const { rows } = await pool.query<{ level: ReconcileLevel }>(
    'select level from reconciliations where reconciliation = $1',
    [listingOf(syncId).reconciliation],
  );
  return rows[0]?.level === 'counts';
}

export async function readListing(client: Pool | ClientBase, syncId: string): Promise<ListingRow | undefined> {
  const { rows } = await client.query<ListingRow>({
    name: 'read listing',
    text: `select l.listing_id, c.stream_id, s.name as stream, l.reconciliation, l.look, c.level, s.last_run, l.range_from, l.range_to,
        l.checkpoint, l.page_no, l.records, l.unfit, l.skipped, l.requests, l.state, l.empty_pages
      from reconcile_listings l join reconciliations c using (reconciliation) join streams s using (stream_id) where l.sync_id = $1`,
    values: [syncId],
  });
  return rows[0];
}

/** All there is has no upper bound: what changes while it is read must not fall out of it. */
async function beginListing(pool: Pool, { stream, syncId, windowLabel }: OpenStream): Promise<ListingRow> {
  const { reconciliation, look } = listingOf(syncId);
  const initial = stream.definition.incremental?.initial;
  await pool.query(
    `insert into reconcile_listings (reconciliation, look, sync_id, range_from, range_to, checkpoint)
      select reconciliation, $2, $3, coalesce(range_from, $4::timestamptz), coalesce(range_to, case when $4::timestamptz is not null then $5::timestamptz end), $6
        from reconciliations where reconciliation = $1
      on conflict (sync_id) do nothing`,
    [reconciliation, look, syncId, initial ?? null, parseWindow(windowLabel).to, writeCheckpoint(start)],
  );
  const begun = await readListing(pool, syncId);
  if (begun === undefined) throw new GiveUp(`there is no reconciliation ${reconciliation}`);
  return begun;
}

/** In the shape of a run: nothing of it is written anywhere. */
export function reportOfListing(row: ListingRow, syncId: string): StreamReport {
  const [records, unfit] = [Number(row.records), Number(row.unfit)];
  return {
    stream: row.stream,
    syncId,
    state: row.state === 'done' || countsAreKnown(row) ? 'done' : 'running',
    outcome: row.state === 'done' || countsAreKnown(row) ? 'ok' : null,
    reason: null,
    counts: { ...noCounts, fetched: records + unfit, unchanged: records, quarantined: unfit },
    removed: 0,
    pages: row.page_no,
    requests: Number(row.requests),
  };
}

/** The first page has said how many records there are, and nobody wants to know more. */
export function countsAreKnown({ level, page_no: pages, checkpoint, range_from: from }: ListingRow): boolean {
  const { stated, parents, slice } = readCheckpoint(checkpoint);
  return (
    level === 'counts' && pages > 0 && stated !== undefined && from === null && slice === 0 && parents.length === 0
  );
}
