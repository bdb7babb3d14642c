import type { Pool } from 'pg';
import type { Wait } from '../../core/limits-view.ts';
import type { Partner } from '../../definitions/definition.ts';
import { credentialOf } from '../declare/credential.ts';

/** What people change of a credential's limits while everything runs. The next permit follows it; all of it is kept. */

export interface OverrideChange {
  readonly credential: string;
  readonly bucket: string;
  readonly cap: number;
  readonly reason: string;
  readonly by: string;
  /** ms; null: until it is reset. */
  readonly forMs: number | null;
}

/** Replaces what was set before. Returns when it ends by itself, ISO. */
export async function setOverride(pool: Pool, change: OverrideChange): Promise<string | null> {
  const { credential, bucket, cap, reason, by, forMs } = change;
  const { rows } = await pool.query<{ expires_at: Date | null }>(
    `with before as (
      update limit_overrides set ended_at = now(), ended_by = $5, ended_reason = 'replaced: ' || $4
        where credential = $1 and bucket = $2 and ended_at is null
    )
    insert into limit_overrides (credential, bucket, cap, reason, set_by, expires_at)
      values ($1, $2, $3, $4, $5, clock_timestamp() + $6::float8 * interval '1 millisecond') returning expires_at`,
    [credential, bucket, cap, reason, by, forMs],
  );
  return rows[0]?.expires_at?.toISOString() ?? null;
}

/** What the declared rate is overridden with. */
export async function rateOverride(pool: Pool, partner: Partner): Promise<number | undefined> {
  const { rows } = await pool.query<{ cap: number }>(
    `select cap from limit_overrides where credential = $1 and bucket = 'rate' and ended_at is null
      and (expires_at is null or expires_at > clock_timestamp()) order by override_id desc limit 1`,
    [credentialOf(partner)],
  );
  return rows[0]?.cap;
}

/** Ends what was set for a bucket, or for all (null). Returns the names of those that had an override in force. */
export async function endOverrides(
  pool: Pool,
  change: { readonly credential: string; readonly bucket: string | null; readonly reason: string; readonly by: string },
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ bucket: string }>(
    `update limit_overrides set ended_at = now(), ended_by = $4, ended_reason = $3
      where credential = $1 and ($2::text is null or bucket = $2) and ended_at is null
        and (expires_at is null or expires_at > clock_timestamp())
      returning bucket`,
    [change.credential, change.bucket, change.reason, change.by],
  );
  return rows.map(({ bucket }) => bucket).toSorted();
}

/**
 * Lets calls go out before the partner said so, and a probe through an open circuit. Returns what was in force; null:
 * nothing was. The speed that a refusal has cut stays cut.
 */
export async function liftBlock(
  pool: Pool,
  change: { readonly credential: string; readonly partner: string; readonly reason: string; readonly by: string },
): Promise<Wait | null> {
  const { credential, partner, reason, by } = change;
  const { rows } = await pool.query<{ until: Date; cause: string }>(
    `with was as (
      select until, cause from (
        select blocked_until as until, coalesce(blocked_reason, 'blocked') as cause from credentials where credential = $1
        union all select told_until, 'the partner says that nothing is left' from credentials
          where credential = $1 and told_left < 1
        union all select until, last_error from circuits where credential = $1 and state = 'open'
      ) as all_blocks where until > clock_timestamp() order by until desc limit 1
    ), unblocked as (
      update credentials set blocked_until = null, blocked_reason = null, told_left = null, told_until = null
        where credential = $1 and exists (select from was)
    ), probed as (
      update circuits set until = clock_timestamp() where credential = $1 and state = 'open' and exists (select from was)
    )
    insert into limit_lifts (credential, partner, blocked_until, blocked_reason, reason, lifted_by)
      select $1, $2, until, cause, $3, $4 from was returning blocked_until as until, blocked_reason as cause`,
    [credential, partner, reason, by],
  );
  const lifted = rows[0];
  return lifted === undefined ? null : { until: lifted.until.toISOString(), cause: lifted.cause };
}

export interface LimitChange {
  readonly at: string;
  readonly by: string;
  /** `daily set to 400`, `daily reset`, `block lifted`. */
  readonly what: string;
  readonly reason: string;
}

/** What people did, the newest first. */
export async function listChanges(pool: Pool, credential: string, limit: number): Promise<readonly LimitChange[]> {
  const { rows } = await pool.query<{ at: Date; by: string; what: string; reason: string }>(
    `select * from (
      select set_at as at, set_by as by, reason,
          bucket || ' set to ' || cap || case when expires_at is null then '' else ' until ' || to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as what
        from limit_overrides where credential = $1
      union all select ended_at, ended_by, ended_reason, bucket || ' reset' from limit_overrides
        where credential = $1 and ended_at is not null and ended_reason not like 'replaced: %'
      union all select lifted_at, lifted_by, reason, 'block lifted' from limit_lifts where credential = $1
    ) as changes order by at desc limit $2`,
    [credential, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
