import type { Pool } from 'pg';
import { formatDuration, HOUR, MINUTE } from '../../core/duration.ts';
import { exhaustionOf, paceOf, type UseSample } from '../../core/forecast.ts';
import type { BucketView, LimitAlert, LimitsView } from '../../core/limits-view.ts';
import type { PersonPause } from '../../core/person-pause.ts';
import type { Partner } from '../../definitions/definition.ts';
import { readPauses } from '../../store/pauses.ts';
import { bucketsOf, type Bucket } from '../declare/bucket.ts';
import { credentialOf } from '../declare/credential.ts';
import { readCircuits } from '../circuit/read-circuits.ts';

/** How a partner's limits stand, read from what the limiter keeps: takes no lock and writes nothing. */
export async function readLimits(pool: Pool, partner: Partner): Promise<LimitsView> {
  return viewOf(await readUse(pool, partner), partner);
}

export interface Use {
  readonly credential: string;
  readonly nowMs: number;
  readonly standing: Standing;
  readonly buckets: readonly BucketUse[];
  readonly circuit: LimitsView['circuit'];
  readonly alerts: readonly LimitAlert[];
  readonly paused: PersonPause | null;
}

/** Counted over an hour or more, so that people can do something about it. */
export const isLong = ({ kind, periodUs, unit }: Bucket): boolean =>
  kind === 'quota' ? unit !== 'duration' || periodUs >= HOUR * 1000 : kind === 'window' && periodUs >= HOUR * 1000;

export async function readUse(pool: Pool, partner: Partner): Promise<Use> {
  const credential = credentialOf(partner);
  const buckets = bucketsOf(partner.limits);
  const [standing, used, circuits, alerts, pauses] = await Promise.all([
    readStanding(pool, credential),
    readBuckets(pool, credential, buckets),
    readCircuits(pool, credential),
    readAlerts(pool, credential),
    readPauses(pool, partner.name),
  ]);
  const circuit = circuits[0];
  return {
    credential,
    nowMs: standing.now_ms,
    standing,
    buckets: used,
    circuit:
      circuit === undefined
        ? null
        : {
            state: circuit.state,
            since: circuit.since,
            openUntil: circuit.openUntil,
            lastError: circuit.lastError,
            advice: circuit.advice,
          },
    alerts,
    paused: pauses.find(({ scope }) => scope === 'partner') ?? null,
  };
}

interface Standing {
  readonly now_ms: number;
  readonly factor: number;
  readonly blocked_until: Date | null;
  readonly blocked_reason: string;
  readonly told_left: number | null;
  readonly told_until: Date | null;
}

/** A credential that was never used stands as a new one. */
async function readStanding(pool: Pool, credential: string): Promise<Standing> {
  const { rows } = await pool.query<Standing>(
    `select (epoch_us() / 1000)::float8 as now_ms, coalesce(current_factor(c.factor, c.factor_at), 1)::float8 as factor,
        case when c.blocked_until > clock_timestamp() then c.blocked_until end as blocked_until,
        coalesce(c.blocked_reason, 'blocked') as blocked_reason,
        c.told_left, case when c.told_until > clock_timestamp() then c.told_until end as told_until
      from (select $1::text as credential) as asked left join credentials as c using (credential)`,
    [credential],
  );
  return rows[0] as Standing;
}

export interface BucketUse {
  readonly bucket: Bucket;
  readonly used: number;
  /** quota: when what is used now is forgotten. */
  readonly resetsAt: Date | null;
  /** Names the period for samples and alerts: its end by the calendar, which no answer of the partner moves. */
  readonly period: Date | null;
  readonly override: OverrideRow | null;
  /** The oldest first. */
  readonly samples: readonly UseSample[];
}

interface OverrideRow {
  readonly cap: number;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  readonly until: string | null;
}

interface BucketRow {
  readonly name: string;
  readonly used: number;
  readonly resets_at: Date | null;
  readonly period: Date | null;
  readonly override: OverrideRow | null;
  readonly samples: readonly { readonly ms: number; readonly used: number }[] | null;
}

/**
 * The arithmetic is that of take_permits (migrations/0003_limits.sql), on the same clock. Materialized, or the end of a
 * period would be worked out again for each sample.
 */
async function readBuckets(pool: Pool, credential: string, buckets: readonly Bucket[]): Promise<readonly BucketUse[]> {
  if (buckets.length === 0) return [];
  const { rows } = await pool.query<BucketRow>(
    `with now_us as materialized (select epoch_us() as us),
    specs as materialized (
      select s.*, us, case when s.kind = 'quota'
          then quota_resets_us(us - s."guardUs", s.unit, s."periodUs", s."resetAt", s.zone) end as calendar_us
        from jsonb_to_recordset($2) as s(name text, kind text, "periodUs" float8, "sliceUs" bigint, burst float8,
          unit text, "resetAt" interval, zone text, "guardUs" float8), now_us
    )
    select s.name,
        to_timestamp(case when b.resets_us + s."guardUs" > s.us then b.resets_us else s.calendar_us end / 1000000) as resets_at,
        to_timestamp(s.calendar_us / 1000000) as period,
        coalesce(case s.kind
          when 'rate' then least(s.burst, coalesce(greatest(0, b.tat_us - s.us) * b.cap / b.period_us, 0))
          when 'window' then (select sum(x) from unnest((move_slices(b.slices, floor(s.us / b.slice_us)::bigint - b.slice_no))[
            1:greatest(b.slice_no, floor(s.us / b.slice_us)::bigint) - floor((s.us - s."periodUs") / b.slice_us)::bigint + 1]) as x)
          when 'quota' then case when b.resets_us + s."guardUs" > s.us then b.used end
          else (select count(*) from leases as l where l.credential = $1 and l.expires_at > clock_timestamp())
        end, 0)::float8 as used,
        o.override, p.samples
      from specs as s
      left join limit_buckets as b on b.credential = $1 and b.bucket = s.name and b.kind = s.kind
      left join lateral (
        select jsonb_build_object('cap', r.cap, 'reason', r.reason, 'by', r.set_by, 'at', r.set_at, 'until', r.expires_at) as override
          from limit_overrides as r
          where r.credential = $1 and r.bucket = s.name and r.ended_at is null
            and (r.expires_at is null or r.expires_at > clock_timestamp())
          order by r.override_id desc limit 1
      ) as o on true
      left join lateral (
        select jsonb_agg(jsonb_build_object('ms', extract(epoch from m.at) * 1000, 'used', m.used) order by m.at) as samples
          from limit_samples as m
          where m.credential = $1 and m.bucket = s.name and m.at > clock_timestamp() - interval '30 minutes'
            and m.period = coalesce(to_timestamp(s.calendar_us / 1000000), 'infinity')
      ) as p on true`,
    [credential, JSON.stringify(buckets)],
  );
  const found = new Map(rows.map((row) => [row.name, row]));
  return buckets.flatMap((bucket) => {
    const row = found.get(bucket.name);
    if (row === undefined) return [];
    const samples = (row.samples ?? []).map(({ ms, used }) => ({ atMs: ms, used }));
    const { used, period, override } = row;
    return [{ bucket, used, resetsAt: row.resets_at, period, override, samples }];
  });
}

async function readAlerts(pool: Pool, credential: string): Promise<readonly LimitAlert[]> {
  const { rows } = await pool.query<{ bucket: string; level: number; message: string; raised_at: Date }>(
    `select bucket, level, message, raised_at from limit_alerts
      where credential = $1 and current_until > clock_timestamp() order by raised_at desc limit 10`,
    [credential],
  );
  return rows.map(({ raised_at, ...alert }) => ({ ...alert, at: raised_at.toISOString() }));
}

export function viewOf(use: Use, partner: Partner): LimitsView {
  const { standing, nowMs, circuit, alerts, paused } = use;
  const { blocked_until, blocked_reason, told_left, told_until } = standing;
  return {
    partner: partner.name,
    at: new Date(nowMs).toISOString(),
    factor: standing.factor,
    paused,
    blocked: blocked_until === null ? null : { until: blocked_until.toISOString(), cause: blocked_reason },
    told: told_until === null || told_left === null ? null : { left: told_left, until: told_until.toISOString() },
    circuit,
    buckets: use.buckets.map((each) => bucketView(each, partner, { nowMs, factor: standing.factor })),
    alerts,
  };
}

function bucketView(use: BucketUse, partner: Partner, at: { nowMs: number; factor: number }): BucketView {
  const { bucket, used, override } = use;
  const { name, kind, counts, cap, periodUs, unit } = bucket;
  const effective = effectiveCap(use, at.factor);
  const forecast = forecastOf(use, { nowMs: at.nowMs, cap: effective });
  const { weights } = partner.limits;
  return {
    name,
    kind,
    counts,
    periodMs: periodUs > 0 ? periodUs / 1000 : null,
    per: kind === 'concurrency' ? '' : kind === 'quota' && unit !== 'duration' ? unit : formatDuration(periodUs / 1000),
    declared: cap,
    effective,
    override:
      override === null
        ? null
        : {
            ...override,
            at: new Date(override.at).toISOString(),
            until: override.until === null ? null : new Date(override.until).toISOString(),
          },
    used: rounded(used),
    left: rounded(Math.max(0, (kind === 'rate' ? bucket.burst : effective) - used)),
    resetsAt: use.resetsAt?.toISOString() ?? null,
    zone: bucket.zone,
    pacePerHour: forecast.pace === undefined ? null : rounded(forecast.pace * 60 * MINUTE),
    goneAt: forecast.goneAtMs === undefined ? null : new Date(forecast.goneAtMs).toISOString(),
    hasFreeCalls: weights.some(({ weight, of }) => weight === 0 && (of === undefined || of.includes(name))),
  };
}

/** A refusal cuts the speed, not what a day or a month allows, nor how many calls run at once. */
export function effectiveCap({ bucket, override }: BucketUse, factor: number): number {
  const cap = override?.cap ?? bucket.cap;
  if (bucket.kind === 'window') return Math.max(1, cap * factor);
  return bucket.kind === 'rate' ? cap * factor : cap;
}

export function forecastOf(
  use: BucketUse,
  { nowMs, cap }: { readonly nowMs: number; readonly cap: number },
): { readonly pace: number | undefined; readonly goneAtMs: number | undefined } {
  if (!isLong(use.bucket)) return { pace: undefined, goneAtMs: undefined };
  const pace = paceOf([...use.samples, { atMs: nowMs, used: use.used }], nowMs);
  const resetsAtMs = use.resetsAt?.getTime();
  return { pace, goneAtMs: exhaustionOf({ used: use.used, cap, pace, nowMs, resetsAtMs }) };
}

/** Units are whole or nearly so; sums of floats are not. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;
