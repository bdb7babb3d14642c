import type { Pool } from 'pg';
import { leftoverKinds, type LeftoverKind } from '../../core/leftover.ts';

/** What stays behind when something ends half-way. Each is a fact of our own database. */
export interface Leftover {
  readonly kind: LeftoverKind;
  /** Where: a stream, a caller, a table, a plan. */
  readonly place: string;
  readonly count: number;
  /** ISO, of the oldest; null: nobody knows. */
  readonly since: string | null;
}

/** How old something has to be to count, in days. */
export interface LeftoverAges {
  /** What ends by itself within minutes. */
  readonly short: number;
  /** What a person should have looked at. */
  readonly long: number;
  /** Keys that nobody uses. */
  readonly unused: number;
}

export const defaultAges: LeftoverAges = { short: 1, long: 30, unused: 90 };

/** A run that failed goes on with what it has gathered, as long as no later one has begun. */
const shadows = `select n.nspname, c.relname, s.partner || '.' || s.name as place
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join streams s on s.target_schema = n.nspname and c.relname ~ ('^_shadow_' || s.stream_id || '_[0-9]+$')
  where c.relkind = 'r' and not exists (select from stream_runs r where r.stream_id = s.stream_id and r.run_no = substring(c.relname from '[0-9]+$')::integer
    and (r.state = 'running' or (r.state = 'failed' and not exists (select from stream_runs l where l.stream_id = s.stream_id and l.run_no > r.run_no))))`;

/** Parameters: $1 short, $2 long, $3 unused, in days. Each query uses all of them. */
const queries = {
  'locked-key': `select caller || ' ' || operation as place, count(*)::integer as count, min(lease_until) as since from idempotency
    where status is null and lease_until < now() - $1 * interval '1 day' group by 1`,
  'expired-lease': `select credential as place, count(*)::integer as count, min(expires_at) as since from leases
    where expires_at < now() - $1 * interval '1 day' group by 1`,
  'shadow-table': `select place || ' ' || nspname || '.' || relname as place, 1 as count, null::timestamptz as since from (${shadows}) t`,
  'unended-search': `select name || ' plan ' || plan_id as place, 1 as count, made_at as since from duplicate_plans
    where state = 'finding' and made_at < now() - $1 * interval '1 day'`,
  'stuck-run': `select s.partner || '.' || s.name || ' ' || r.sync_id as place, 1 as count, r.updated_at as since
    from stream_runs r join streams s using (stream_id)
    where r.state = 'running' and r.updated_at < now() - $1 * interval '1 day' and coalesce(r.deferred_until, '-infinity') < now() - $1 * interval '1 day'`,
  'unended-change': `select p.name || ' plan ' || p.plan_id as place, 1 as count, c.begun_at as since from duplicate_changes c join duplicate_plans p using (plan_id)
    where c.ended_at is null and c.begun_at < now() - $1 * interval '1 day'`,
  'unended-export': `select target || ' ' || folder as place, 1 as count, at as since from exports where state = 'writing' and at < now() - $1 * interval '1 day'`,
  'overdue-waiting': `select s.partner || '.' || s.name as place, count(*)::integer as count, min(w.overdue_at) as since from waiting w join streams s using (stream_id)
    where w.status = 'waiting' and w.overdue_at < now() - $1 * interval '1 day' group by 1`,
  'old-quarantine': `select s.partner || '.' || s.name as place, count(*)::integer as count, min(q.quarantined_at) as since from quarantine q join streams s using (stream_id)
    where q.status = 'held' and q.quarantined_at < now() - $2 * interval '1 day' group by 1`,
  'unused-key': `select caller || ' ' || key_id as place, 1 as count, coalesce(used_at, created_at) as since from caller_keys
    where coalesce(ends_at, 'infinity') > now() and coalesce(used_at, created_at) < now() - $3 * interval '1 day'`,
} as const satisfies Record<LeftoverKind, string>;

/** All that is there, in the order of the kinds. */
export async function findLeftovers(pool: Pool, ages: LeftoverAges = defaultAges): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const kind of leftoverKinds) {
    const { rows } = await pool.query<{ place: string; count: number; since: Date | null }>(
      `select * from (${queries[kind]}) n where $1::float8 is not null and $2::float8 is not null and $3::float8 is not null order by since nulls last, place`,
      [ages.short, ages.long, ages.unused],
    );
    found.push(...rows.map(({ place, count, since }) => ({ kind, place, count, since: since?.toISOString() ?? null })));
  }
  return found;
}

/** Removes what nobody needs any more: claims and leases whose time is long over, tables of runs that ended, marks of searches that ended. Returns how many. */
export async function removeLeftovers(pool: Pool, ages: LeftoverAges = defaultAges): Promise<number> {
  const count = async (text: string): Promise<number> => (await pool.query(text, [ages.short])).rowCount ?? 0;
  let removed = await count(
    `delete from idempotency where status is null and lease_until < now() - $1 * interval '1 day'`,
  );
  removed += await count(`delete from leases where expires_at < now() - $1 * interval '1 day'`);
  removed += await count(
    `update duplicate_plans set state = 'failed' where state = 'finding' and made_at < now() - $1 * interval '1 day'`,
  );
  const { rows } = await pool.query<{ table: string }>(
    `select format('%I.%I', nspname, relname) as table from (${shadows}) t`,
  );
  for (const { table } of rows) {
    await pool.query(`drop table if exists ${table}`);
    removed += 1;
  }
  return removed;
}
