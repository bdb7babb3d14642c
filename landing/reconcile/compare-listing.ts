import type { Pool, PoolClient } from 'pg';
import { GiveUp } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { transaction } from '../../store/session/transaction.ts';
import { differencesSql } from './differences-sql.ts';
import { headsOf } from './heads-sql.ts';
import { readListing, type ListingRow } from './listing-row.ts';
import { readHeads } from './read-heads.ts';

export interface Compared {
  /** Differences that have to be looked at a second time. */
  readonly candidates: number;
  /** Of them: records that only the store has. */
  readonly extras: number;
}

/** Of what a listing has at least this share of, it is believed that the rest is gone: the share that a sync asks of a full listing, too. */
const BELIEVED_SHARE = 0.5;

/**
 * Compares the first listing with the store, and writes down where they differ: candidates, since what is on its way differs as well. Repeating it
 * changes nothing.
 */
export async function compareListing(
  pool: Pool,
  { stream, reconciliation }: { readonly stream: CompiledStream; readonly reconciliation: string },
): Promise<Compared> {
  return transaction(pool, async (client) => {
    const listing = await readListing(client, `${reconciliation}/1`);
    if (listing?.state !== 'done' && listing?.level !== 'counts')
      throw new GiveUp(`the listing of ${reconciliation} has not ended`);
    if (await isSettled(client, reconciliation)) return candidatesOf(client, reconciliation);
    // Before the heads are read: what had been synced by then is among them.
    const syncedTo = await readWatermark(client, stream, listing.stream_id);
    const range =
      listing.range_from === null || listing.range_to === null
        ? null
        : { from: listing.range_from, to: listing.range_to };
    const { whole, sample } = await scopeOf(client, reconciliation);
    const known = await readHeads(client, {
      stream,
      streamId: listing.stream_id,
      range: whole ? null : range,
    });
    if (sample !== null) await keepSample(client, listing);
    const seen = await noteSeen(client, listing, { known, syncedTo });
    if (listing.level === 'counts') return { candidates: 0, extras: 0 };
    if (whole && sample === null && seen < known * BELIEVED_SHARE)
      await client.query('update reconcile_listings set doubt = coalesce(doubt, $2) where listing_id = $1', [
        listing.listing_id,
        `it had ${seen} records, and the store has ${known}`,
      ]);
    return noteCandidates(client, listing, syncedTo);
  });
}

/**
 * Whether the second look has settled what the first one found. Whoever comes then has been frozen, and others have gone on: what it would write down is no
 * finding any more, and what the listing had seen is forgotten.
 */
async function isSettled(client: PoolClient, reconciliation: string): Promise<boolean> {
  const { rows } = await client.query<{ settled: boolean }>(
    `select state = 'done' or exists (select from reconcile_findings f where f.reconciliation = c.reconciliation and f.settled_at is not null) as settled
      from reconciliations c where reconciliation = $1 for update`,
    [reconciliation],
  );
  return rows[0]?.settled === true;
}

interface Scope {
  readonly whole: boolean;
  readonly sample: number | null;
}

async function scopeOf(client: PoolClient, reconciliation: string): Promise<Scope> {
  const { rows } = await client.query<Scope>(
    'select range_from is null as whole, sample from reconciliations where reconciliation = $1',
    [reconciliation],
  );
  return rows[0] as Scope;
}

/** What was not asked for, or was asked in vain, is not compared. */
async function keepSample(client: PoolClient, listing: ListingRow): Promise<void> {
  await client.query(
    `delete from ${headsOf(listing.stream_id)} h where not exists (select from reconcile_asked a
      where a.reconciliation = $1 and a.look = 1 and a.key = h.key and a.asked_at is not null and a.refused is null)`,
    [listing.reconciliation],
  );
}

/** Up to when the store has what changed, by the partner's own word; null: its records do not say. */
async function readWatermark(client: PoolClient, stream: CompiledStream, streamId: number): Promise<string | null> {
  if (stream.definition.incremental === undefined) return null;
  const { rows } = await client.query<{ watermark: string | null }>(
    'select watermark from streams where stream_id = $1',
    [streamId],
  );
  return rows[0]?.watermark ?? null;
}

async function noteSeen(
  client: PoolClient,
  listing: ListingRow,
  { known, syncedTo }: { readonly known: number; readonly syncedTo: string | null },
): Promise<number> {
  const { rows } = await client.query<{ seen: string }>(
    `with l as (select count(*) as seen from reconcile_seen where listing_id = $2)
      update reconciliations c set seen = l.seen, unfit = t.unfit, store_total = $3, synced_to = $4,
          asked = case when c.sample is not null then (select count(*) from reconcile_asked a where a.reconciliation = $1 and a.look = 1
            and a.asked_at is not null and a.refused is null) end,
          partner_total = coalesce(t.partner_total, case when t.state = 'done' and c.sample is null then l.seen end)
        from l, reconcile_listings t where c.reconciliation = $1 and t.listing_id = $2 returning c.seen`,
    [listing.reconciliation, listing.listing_id, known, syncedTo],
  );
  return Number(rows[0]?.seen);
}

async function noteCandidates(client: PoolClient, listing: ListingRow, syncedTo: string | null): Promise<Compared> {
  const { reconciliation, listing_id: listingId, stream_id: streamId, level } = listing;
  await client.query('delete from reconcile_findings where reconciliation = $1', [reconciliation]);
  await client.query(
    `create temp table differences on commit drop as
      select d.*, d.kind <> 'extra' and coalesce(d.changed_at > $1::timestamptz, false) as in_flight
        from (${differencesSql({ streamId, listingId, level })}) d where d.kind is not null`,
    [syncedTo],
  );
  await client.query(
    'update reconciliations set in_flight = (select count(*) from differences where in_flight) where reconciliation = $1',
    [reconciliation],
  );
  await client.query(
    `insert into reconcile_findings (reconciliation, key_hash, key, kind, state, why, their_version, their_hash, changed_at, our_version, our_hash,
        event, gone, page, request_id)
      select $1, left(encode(sha256(convert_to(d.key, 'UTF8')), 'hex'), 32)::uuid, d.key, d.kind,
          case when held.why is null then 'candidate' else 'explained' end, held.why, d.their_version, d.their_hash, d.changed_at, d.our_version,
          d.our_hash, d.event, d.gone, d.page, p.request_id
        from differences d join reconcile_listings l on l.listing_id = $2
        left join reconcile_pages p on p.listing_id = $2 and p.page_no = d.page
        cross join lateral (select ${HELD} as why) held
        where not d.in_flight and (d.kind <> 'extra' or l.doubt is null or exists (select from reconciliations c where c.reconciliation = $1 and c.sample is not null))`,
    [reconciliation, listingId, streamId],
  );
  return candidatesOf(client, reconciliation);
}

async function candidatesOf(client: PoolClient, reconciliation: string): Promise<Compared> {
  const { rows } = await client.query<{ candidates: number; extras: number }>(
    `select count(*)::integer as candidates, (count(*) filter (where kind = 'extra'))::integer as extras
      from reconcile_findings where reconciliation = $1 and state = 'candidate'`,
    [reconciliation],
  );
  return rows[0] as Compared;
}

/** Why the store rightly lacks what the partner has. */
const HELD = `case when d.kind not in ('missing', 'stale', 'different') then null
  when exists (select from waiting w where w.stream_id = $3 and w.key = d.key and w.status = 'waiting') then 'it waits for what it requires'
  when exists (select from quarantine q where q.stream_id = $3 and q.key = d.key and q.status = 'held' and q.superseded_at is null)
    then 'it is in quarantine' end`;
