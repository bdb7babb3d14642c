import type { ReconcileLevel } from '../../core/reconcile.ts';
import { headsOf } from './heads-sql.ts';

/** The partner still has it, as it was when it was taken out. */
const wasDuplicate = (streamId: number): string =>
  `exists (select from tombstones g where g.stream_id = ${streamId} and g.key_hash = left(encode(sha256(convert_to(h.key, 'UTF8')), 'hex'), 32)::uuid
            and g.removed and coalesce(s.hash = g.hash, true))`;

export interface Differences {
  readonly streamId: number;
  readonly listingId: number;
  readonly level: ReconcileLevel;
}

/**
 * In SQL: each key of which a listing and the store say different things, by the rules that a record has when it lands: the same content is the same
 * record, whatever its version says. `d`: a record of the listing. `held`: why the store may rightly not have it.
 */
export function differencesSql({ streamId, listingId, level }: Differences): string {
  const later = 's.version > h.version';
  const earlier = 's.version < h.version';
  const versions = level === 'keys' ? 'null' : `when ${later} then 'stale' when ${earlier} then 'newer-in-store'`;
  const content = level === 'content' ? `when s.hash <> h.hash then 'different'` : '';
  const both = level === 'keys' ? `when true then null` : `when s.hash = h.hash then null ${versions} ${content}`;
  return `select coalesce(s.key, h.key) as key,
      case
        when s.operation = 'x' then null
        when s.key is null then case when h.gone or not h.listed then null else 'extra' end
        when s.operation = 'd' then case when h.key is null or h.gone then null when ${earlier} then 'newer-in-store' else 'stale' end
        when h.key is null then 'missing'
        when h.gone then case when ${wasDuplicate(streamId)} then null when ${earlier} then 'newer-in-store' else 'missing' end
        ${both}
      end as kind,
      s.version as their_version, s.hash as their_hash, s.changed_at, s.page, s.operation,
      h.version as our_version, h.hash as our_hash, h.event, coalesce(h.gone, false) as gone
    from (select * from reconcile_seen where listing_id = ${listingId}) s full join ${headsOf(streamId)} h on h.key = s.key`;
}
