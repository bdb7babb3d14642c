import type { Pool } from 'pg';
import { describeAlert, levelReached } from '../../core/limit-alert.ts';
import type { LimitAlert, LimitsView } from '../../core/limits-view.ts';
import type { Partner } from '../../definitions/definition.ts';
import { noteCredential } from './learn-credentials.ts';
import { effectiveCap, forecastOf, isLong, readUse, viewOf, type BucketUse, type Use } from './usage.ts';

export interface Observation {
  readonly view: LimitsView;
  /** New ones; whoever asks at the same time gets none of them. */
  readonly raised: readonly LimitAlert[];
}

/** What the governor does once a minute: notes the use of long limits for the forecast, and raises what has become due. */
export async function observeLimits(pool: Pool, partner: Partner): Promise<Observation> {
  const [use] = await Promise.all([readUse(pool, partner), noteCredential(pool, partner)]);
  const long = use.buckets.filter(({ bucket }) => isLong(bucket));
  await noteSamples(pool, use, long);
  const raised: LimitAlert[] = [];
  for (const each of long) {
    const alert = await raiseAlert(pool, { use, of: each, partner: partner.name });
    if (alert !== undefined) raised.push(alert);
  }
  return { view: viewOf({ ...use, alerts: [...raised, ...use.alerts] }, partner), raised };
}

async function noteSamples(pool: Pool, { credential, nowMs }: Use, long: readonly BucketUse[]): Promise<void> {
  if (long.length === 0) return;
  await pool.query(
    `insert into limit_samples (credential, bucket, period, at, used)
      select $1, s.bucket, coalesce(s.period, 'infinity'), to_timestamp($2::float8 / 1000), s.used
        from jsonb_to_recordset($3) as s(bucket text, period timestamptz, used float8)
      on conflict do nothing`,
    [
      credential,
      nowMs,
      JSON.stringify(long.map(({ bucket, period, used }) => ({ bucket: bucket.name, period, used }))),
    ],
  );
}

/** Forgets old samples, also of credentials that nobody looks at any more: secrets rotate. How many. */
export async function sweepSamples(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query("delete from limit_samples where at < clock_timestamp() - interval '2 hours'");
  return rowCount ?? 0;
}

/** Once per bucket, level and period. Whoever is told of 100 % need not be told of 80 % as well. */
async function raiseAlert(
  pool: Pool,
  { use, of, partner }: { readonly use: Use; readonly of: BucketUse; readonly partner: string },
): Promise<LimitAlert | undefined> {
  const { bucket, used } = of;
  const { nowMs, credential } = use;
  // As people have set it: what a refusal cut comes back by itself.
  const cap = effectiveCap(of, 1);
  const level = levelReached(used, cap);
  if (level === undefined) return undefined;
  const { goneAtMs } = forecastOf(of, { nowMs, cap });
  const message = describeAlert({
    bucket: bucket.name,
    used,
    cap,
    goneAtMs,
    resetsAtMs: of.resetsAt?.getTime(),
    zone: bucket.zone,
    nowMs,
  });
  const lengthMs = bucket.periodUs / 1000;
  const period = of.period ?? new Date((Math.floor(nowMs / lengthMs) + 1) * lengthMs);
  const { rows } = await pool.query<{ raised_at: Date }>(
    `insert into limit_alerts (credential, partner, bucket, level, cap, used, period, current_until, gone_at, message)
      select $1, $2, $3, $4, $5::float8, $6, $7, $8, $9, $10
      where not exists (select from limit_alerts where credential = $1 and bucket = $3 and level >= $4 and cap = $5
        and current_until > to_timestamp($11::float8 / 1000))
      on conflict do nothing returning raised_at`,
    [
      credential,
      partner,
      bucket.name,
      level,
      cap,
      used,
      period,
      // A window has no end of its own: the alert holds for its length.
      of.resetsAt ?? new Date(nowMs + lengthMs),
      goneAtMs === undefined ? null : new Date(goneAtMs),
      message,
      nowMs,
    ],
  );
  const row = rows[0];
  return row === undefined ? undefined : { bucket: bucket.name, level, message, at: row.raised_at.toISOString() };
}
