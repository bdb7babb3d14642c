import type { Pool, PoolClient } from 'pg';
import { GiveUp } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { transaction } from '../../store/session/transaction.ts';
import { differencesSql } from './differences-sql.ts';
import { readListing } from './listing-row.ts';
import { readHeads } from './read-heads.ts';

/**
 * The second look: a candidate stays where the partner says the same once more, the store has learned nothing of the key since, and the two still
 * differ. `synced`: what was on its way has had its chance, by a sync of the stream that ended well; else nothing is proven. Repeating it changes
 * nothing.
 */
export async function confirmFindings(
  pool: Pool,
  {
    stream,
    reconciliation,
    synced,
  }: { readonly stream: CompiledStream; readonly reconciliation: string; readonly synced: boolean },
): Promise<void> {
  await transaction(pool, async (client) => {
    const listing = await readListing(client, `${reconciliation}/2`);
    if (listing?.state !== 'done') throw new GiveUp(`the second listing of ${reconciliation} has not ended`);
    const { stream_id: streamId, listing_id: listingId, level } = listing;
    await readHeads(client, { stream, streamId, range: null });
    await client.query(
      `create temp table second on commit drop as select * from (${differencesSql({ streamId, listingId, level })}) d`,
    );
    await client.query('create index on second (key)');
    await client.query('analyze second');
    await settle(client, { reconciliation, listingId, synced });
  });
}

/** `d`: what both say now; no row: neither knows the key any more. */
const EXPLAINED = `case
  when f.kind = 'extra' and d.their_hash is not null then 'the second listing has it'
  when f.kind = 'extra' and (d.key is null or d.gone) then 'the store has it no more'
  when f.kind <> 'extra' and d.their_hash is null and l.doubt is null then 'the partner has it no more'
  when d.operation = 'x' then 'the partner has it, and it does not fit the schema now'
  when f.kind <> 'extra' and d.their_hash is not null and d.kind is null then
    case when d.event is distinct from f.event then 'a sync has brought it since' else 'the partner says what the store has' end
  when f.kind <> 'extra' and d.their_hash is not null and (d.their_version is distinct from f.their_version or (f.their_version is null and d.their_hash <> f.their_hash))
    then 'the partner has changed it again meanwhile'
  when d.event is distinct from f.event then 'the store has learned of it since'
end`;

async function settle(
  client: PoolClient,
  {
    reconciliation,
    listingId,
    synced,
  }: {
    readonly reconciliation: string;
    readonly listingId: number;
    readonly synced: boolean;
  },
): Promise<void> {
  await client.query(
    `update reconcile_findings f set why = e.why, settled_at = now(),
        state = case when e.why is not null then 'explained'
          when not $2 or (l.doubt is not null and d.their_hash is null) then 'unproven' else 'open' end
      from reconcile_findings c
        join reconcile_listings l on l.listing_id = $3
        left join second d on d.key = c.key
        cross join lateral (select f_why.why from (select c.kind, c.event, c.their_hash, c.their_version) f
          cross join lateral (select ${EXPLAINED} as why) f_why) e
      where f.reconciliation = $1 and f.state = 'candidate' and c.reconciliation = f.reconciliation and c.key_hash = f.key_hash`,
    [reconciliation, synced, listingId],
  );
}
