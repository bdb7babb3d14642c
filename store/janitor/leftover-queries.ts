import type { LeftoverKind } from '../../core/leftover.ts';
import { writtenLinks } from '../duplicates/written-links.ts';

/** How old something has to be to count, in days. */
export interface LeftoverAges {
  /** What ends by itself within minutes, or within hours at most. */
  readonly short: number;
  /** What a person should have looked at. */
  readonly long: number;
  /** Keys that nobody uses. */
  readonly unused: number;
}

export const defaultAges: LeftoverAges = { short: 1, long: 30, unused: 90 };

/** A table in the schema of a stream. */
export interface StrayTable {
  readonly id: number;
  readonly place: string;
  /** Quoted, with its schema. */
  readonly table: string;
}

const tableOf = `s.stream_id as id, s.partner || '.' || s.name || ' ' || n.nspname || '.' || c.relname as place, format('%I.%I', n.nspname, c.relname) as table
  from pg_class c join pg_namespace n on n.oid = c.relnamespace`;

/** A run that failed goes on with what it has gathered, as long as no later one has begun. */
export const strayShadows = `select ${tableOf}
    join streams s on s.target_schema = n.nspname::text and s.stream_id::text = substring(c.relname::text from '^_shadow_([0-9]+)_[0-9]+$')
  where c.relkind = 'r' and not exists (select from stream_runs r where r.stream_id = s.stream_id and c.relname::text = '_shadow_' || r.stream_id || '_' || r.run_no
    and (r.state = 'running' or (r.state = 'failed' and not exists (select from stream_runs l where l.stream_id = s.stream_id and l.run_no > r.run_no))))`;

/** A rebuild holds this lock for as long as it lives (landing/rebuild-table.ts). It is looked up, not taken: a rebuild that begins now must not find it held. */
export const strayBuilds = `select ${tableOf}
    join streams s on s.target_schema = n.nspname::text and s.stream_id::text = substring(c.relname::text from '^_build_([0-9]+)$')
    cross join lateral (select hashtextextended(current_schema() || ' rebuild ' || s.stream_id, 0) as key) k
  where c.relkind = 'r' and not exists (select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid::bigint = ((k.key >> 32) & 4294967295) and l.objid::bigint = (k.key & 4294967295))`;

/** Someone has paused it, and is told of that by an alert of its own. */
const paused = (...targets: readonly string[]): string =>
  `exists (select from pauses p where p.ended_at is null and p.target in (${targets.join(', ')}))`;

export type StoredKind = Exclude<
  LeftoverKind,
  'staging-file' | 'stray-schedule' | 'forgotten-stream' | 'forgotten-target'
>;

/** Parameters: $1 short, $2 long, $3 unused, in days. Each query uses some of them. */
export const leftoverQueries = {
  'locked-key': `select caller || ' ' || operation as place, count(*) as count, min(lease_until) as since from idempotency
    where status is null and lease_until < now() - $1 * interval '1 day' group by 1`,
  'expired-lease': `select credential as place, count(*) as count, min(at) as since
    from (select credential, expires_at as at from leases union all select credential, until from critical_work) l
    where at < now() - $1 * interval '1 day' group by 1`,
  'shadow-table': `select place, 1 as count, null::timestamptz as since from (${strayShadows}) t`,
  'build-table': `select place, 1 as count, null::timestamptz as since from (${strayBuilds}) t`,
  'unended-search': `select name || ' plan ' || plan_id as place, 1 as count, begun_at as since from duplicate_plans
    where state = 'finding' and begun_at < now() - $1 * interval '1 day'`,
  // A run of a partner whose streams have all ended, and that nobody has closed, is one as well.
  'stuck-run': `select s.partner || '.' || s.name || ' ' || r.sync_id as place, 1 as count, r.updated_at as since
      from stream_runs r join streams s using (stream_id)
      where r.state = 'running' and r.updated_at < now() - $1 * interval '1 day' and coalesce(r.deferred_until, '-infinity') < now() - $1 * interval '1 day'
        and not ${paused('s.partner', 'r.sync_id', 'r.run_id')}
    union all select r.partner || ' ' || r.run_id, 1, r.started_at from runs r
      where r.finished_at is null and r.started_at < now() - $1 * interval '1 day' and not ${paused('r.partner', 'r.run_id')}
        and not exists (select from stream_runs l where l.run_id = r.run_id and (l.state = 'running' or l.updated_at > now() - $1 * interval '1 day'))`,
  'stuck-hint': `select partner || '.' || stream as place, count(*) as count, min(due_at) as since from webhook_work w
    where state = 'open' and noted > done and due_at < now() - $1 * interval '1 day' and not ${paused('w.partner')} group by 1`,
  'unended-reconcile': `select c.reconciliation as place, 1 as count, greatest(c.started_at, m.at) as since from reconciliations c join streams s using (stream_id)
      cross join lateral (select greatest(max(l.deferred_until), max((select max(p.fetched_at) from reconcile_pages p where p.listing_id = l.listing_id))) as at
        from reconcile_listings l where l.reconciliation = c.reconciliation) m
    where c.state = 'running' and greatest(c.started_at, m.at) < now() - $1 * interval '1 day' and not ${paused('s.partner', 'c.reconciliation')}`,
  'unended-change': `select p.name || ' plan ' || p.plan_id as place, 1 as count, c.begun_at as since from duplicate_changes c join duplicate_plans p using (plan_id)
    where c.ended_at is null and c.begun_at < now() - $1 * interval '1 day'`,
  'unended-export': `select target || ' ' || folder as place, count(*) as count, min(at) as since from exports
    where state = 'writing' and at < now() - $1 * interval '1 day' group by 1`,
  'overdue-waiting': `select s.partner || '.' || s.name as place, count(*) as count, min(w.overdue_at) as since from waiting w join streams s using (stream_id)
    where w.status = 'waiting' and w.overdue_at < now() - $1 * interval '1 day' group by 1`,
  'old-quarantine': `select s.partner || '.' || s.name as place, count(*) as count, min(q.quarantined_at) as since from quarantine q join streams s using (stream_id)
    where q.status = 'held' and q.quarantined_at < now() - $2 * interval '1 day' group by 1`,
  'unused-key': `select caller || ' ' || key_id as place, 1 as count, coalesce(used_at, created_at) as since from caller_keys
    where coalesce(ends_at, 'infinity') > now() and coalesce(used_at, created_at) < now() - $3 * interval '1 day'`,
  // A night that writes them again may still come.
  'stale-links': `select name as place, 1 as count, written_at as since from (${writtenLinks}) l where stale and written_at < now() - $1 * interval '1 day'`,
} as const satisfies Record<StoredKind, string>;
