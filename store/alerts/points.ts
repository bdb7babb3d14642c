import type { Pool } from 'pg';
import type { Unusual } from '../../core/alert-facts.ts';
import type { Point } from '../../core/stream-point.ts';

/** A stream whose last run, or last day, was not judged yet. */
export interface Unjudged {
  readonly streamId: number;
  readonly partner: string;
  readonly stream: string;
  /** What it will be known by once it is judged. */
  readonly point: string;
  /** One run a day; null: many, and days are judged. */
  readonly kind: 'nightly' | 'manual' | null;
  /** Of many runs a day: the last day that is over. */
  readonly day: string | null;
}

const isDay = `position('..' in r.window_label) = 0`;
const counts = `r.finished_at is not null and r.undone_at is null and r.kind in ('nightly', 'manual')`;
/** How many runs of a stream are looked at: a run of a day among more runs between two days is not noticed. */
const LOOKED_AT = 20;

/**
 * Runs of one day's data are judged one by one, those of schedules with those of schedules: somebody who syncs at noon reads half a day.
 * A stream that is read many times a day is judged by days.
 */
export async function unjudgedStreams(pool: Pool, { most }: { readonly most: number }): Promise<readonly Unjudged[]> {
  const { rows } = await pool.query<{
    stream_id: number;
    partner: string;
    name: string;
    point: string;
    kind: 'nightly' | 'manual' | null;
    day: string | null;
  }>(
    `select * from (
        select s.stream_id, s.partner, s.name, v.point as judged,
            case when n.run_no is not null then 'run:' || n.run_no when d.day is not null then 'day:' || d.day end as point,
            n.kind, case when n.run_no is null then d.day end as day
          from streams s left join alert_verdicts v using (stream_id)
            cross join lateral (select coalesce(jsonb_agg(jsonb_build_object('no', l.run_no, 'kind', l.kind, 'day', l.is_day, 'at', l.started_at)), '[]') as runs
              from (select r.run_no, r.kind, ${isDay} as is_day, r.started_at from stream_runs r
                where r.stream_id = s.stream_id and r.kind <> 'backfill' and ${counts} order by r.run_no desc limit ${LOOKED_AT}) l) l
            left join lateral (select (e ->> 'no')::integer as run_no, e ->> 'kind' as kind from jsonb_array_elements(l.runs) e
              where (e ->> 'day')::boolean order by e ->> 'kind' = 'nightly' desc, (e ->> 'no')::integer desc limit 1) n on true
            left join lateral (select max(((e ->> 'at')::timestamptz at time zone 'UTC')::date)::text as day from jsonb_array_elements(l.runs) e
              where ((e ->> 'at')::timestamptz at time zone 'UTC')::date < (now() at time zone 'UTC')::date) d on true) p
      where point is not null and point is distinct from judged order by stream_id limit $1`,
    [most],
  );
  return rows.map(({ stream_id: streamId, name: stream, partner, point, kind, day }) => ({
    streamId,
    partner,
    stream,
    point,
    kind,
    day,
  }));
}

const KEPT = '70 days';
/** As `core/checkpoint.ts` writes it. PostgreSQL reads no JSON with a NUL in one of its texts, and a cursor may have one. */
const refused = String.raw`r.skipped + coalesce(substring(r.checkpoint from '"refused":\{"count":(\d+)')::bigint, 0)`;
const duration = 'extract(epoch from r.finished_at - coalesce(r.began_at, r.started_at)) * 1000';

/** The point to be judged and those before it, the oldest first. */
export async function readPoints(pool: Pool, of: Unjudged): Promise<readonly Point[]> {
  const { rows } = await pool.query<{ [name in keyof Point]: Point[name] | string | Date }>(
    of.kind === null
      ? {
          text: `select ((r.started_at at time zone 'UTC')::date)::text as day, max(r.finished_at) as at, sum(r.fetched) as rows, sum(r.requests) as requests,
              sum(r.page_no) as pages, sum(${refused}) as refused, sum(r.bytes) as bytes, sum(${duration}) as "durationMs", bool_and(r.not_modified) as "notModified"
            from stream_runs r where r.stream_id = $1 and r.kind <> 'backfill' and ${counts} and r.started_at > now() - interval '${KEPT}'
              and (r.started_at at time zone 'UTC')::date <= $2::date
            group by 1 order by 1`,
          values: [of.streamId, of.day],
        }
      : {
          text: `select * from (select distinct on (r.window_label) left(r.window_label, 10) as day, r.finished_at as at, r.fetched as rows, r.requests,
                r.page_no as pages, ${refused} as refused, r.bytes, ${duration} as "durationMs", r.not_modified as "notModified"
              from stream_runs r where r.stream_id = $1 and r.kind <> 'backfill' and ${counts} and r.kind = $2 and ${isDay}
                and r.started_at > now() - interval '${KEPT}' order by r.window_label, r.run_no desc) p order by at`,
          values: [of.streamId, of.kind],
        },
  );
  return rows.map((row) => ({
    day: String(row.day),
    at: new Date(row.at as Date).toISOString(),
    rows: Number(row.rows),
    requests: Number(row.requests),
    pages: Number(row.pages),
    refused: Number(row.refused),
    bytes: Number(row.bytes),
    durationMs: Number(row.durationMs),
    notModified: Boolean(row.notModified),
  }));
}

export async function noteVerdict(
  pool: Pool,
  {
    streamId,
    point,
    unusual,
  }: { readonly streamId: number; readonly point: string; readonly unusual: readonly Unusual[] },
): Promise<void> {
  await pool.query(
    `insert into alert_verdicts (stream_id, point, unusual) values ($1, $2, $3)
      on conflict (stream_id) do update set point = excluded.point, unusual = excluded.unusual, judged_at = now()`,
    [streamId, point, JSON.stringify(unusual)],
  );
}

/** What was unusual in the last point of each stream. */
export async function readVerdicts(
  pool: Pool,
): Promise<readonly (Unusual & { readonly partner: string; readonly stream: string })[]> {
  const { rows } = await pool.query<{ partner: string; name: string; unusual: readonly Unusual[] }>(
    `select s.partner, s.name, v.unusual from alert_verdicts v join streams s using (stream_id)
      where v.unusual <> '[]' order by 1, 2`,
  );
  return rows.flatMap(({ partner, name: stream, unusual }) => unusual.map((one) => ({ partner, stream, ...one })));
}
