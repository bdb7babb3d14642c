import type { Pool } from 'pg';
import type { DifferenceCounts } from '../../core/target-comparison.ts';
import type { ComparedPlace } from './open-comparison.ts';

/** What comparisons say of a table in a target. Times are ISO. */
export interface StandingTable extends ComparedPlace {
  /** The last one that proved something; null: none has. */
  readonly proven: {
    readonly comparison: number;
    readonly differs: boolean;
    readonly counts: DifferenceCounts;
    /** Since when it differs: the first that said so after one that found nothing. */
    readonly since: string;
    readonly endedAt: string;
  } | null;
  /** The last one to end, where that has failed. */
  readonly failed: { readonly comparison: number; readonly reason: string; readonly at: string } | null;
  /** Why the last one to end proves nothing, where it does not. */
  readonly doubt: string | null;
  /** Since when one is going; null: none is. */
  readonly runningSince: string | null;
}

interface Row extends DifferenceCounts, ComparedPlace {
  readonly comparison: number | null;
  readonly verdict: 'clean' | 'differs' | null;
  readonly ended_at: Date | null;
  readonly since: Date | null;
  readonly last: number | null;
  readonly last_state: 'done' | 'failed' | null;
  readonly last_verdict: string | null;
  readonly last_reason: string | null;
  readonly last_at: Date | null;
  readonly running_since: Date | null;
}

/** Of each table that was ever compared, or each of a stream, what its comparisons say now. */
export async function readStandingTables(
  pool: Pool,
  of: { readonly partner?: string; readonly stream?: string } = {},
): Promise<readonly StandingTable[]> {
  const { rows } = await pool.query<Row>(
    `with tables as (select distinct c.stream_id, c.target, c.table_name from target_comparisons c join streams o using (stream_id)
        where ($1::text is null or o.partner = $1) and ($2::text is null or o.name = $2))
      select t.target, s.partner, t.table_name as stream, p.comparison, p.verdict, p.finished_at as ended_at, coalesce(p.missing, 0)::float8 as missing,
          coalesce(p.extra, 0)::float8 as extra, coalesce(p.different, 0)::float8 as different, d.since, l.comparison as last, l.state as last_state,
          l.verdict as last_verdict, l.reason as last_reason, l.finished_at as last_at, r.running_since
        from tables t join streams s using (stream_id)
          left join lateral (select * from target_comparisons c where (c.stream_id, c.target, c.table_name) = (t.stream_id, t.target, t.table_name)
            and c.state = 'done' and c.verdict <> 'unproven' order by c.comparison desc limit 1) p on true
          left join lateral (select * from target_comparisons c where (c.stream_id, c.target, c.table_name) = (t.stream_id, t.target, t.table_name)
            and c.state <> 'running' order by c.comparison desc limit 1) l on true
          left join lateral (select min(c.finished_at) as since from target_comparisons c where (c.stream_id, c.target, c.table_name) = (t.stream_id, t.target, t.table_name)
            and c.verdict = 'differs' and c.comparison > coalesce((select max(b.comparison) from target_comparisons b
              where (b.stream_id, b.target, b.table_name) = (t.stream_id, t.target, t.table_name) and b.verdict = 'clean'), 0)) d on true
          left join lateral (select min(c.started_at) as running_since from target_comparisons c where (c.stream_id, c.target, c.table_name) = (t.stream_id, t.target, t.table_name)
            and c.state = 'running') r on true
        order by t.target, s.partner, t.table_name`,
    [of.partner ?? null, of.stream ?? null],
  );
  return rows.map(standingOf);
}

function standingOf(row: Row): StandingTable {
  const { target, partner, stream, comparison, missing, extra, different } = row;
  const endedAt = row.ended_at?.toISOString() ?? null;
  return {
    ...{ target, partner, stream },
    proven:
      comparison === null || endedAt === null
        ? null
        : {
            ...{ comparison, endedAt, counts: { missing, extra, different } },
            differs: row.verdict === 'differs',
            since: row.since?.toISOString() ?? endedAt,
          },
    failed:
      row.last_state === 'failed' && row.last !== null
        ? { comparison: row.last, reason: row.last_reason ?? '', at: row.last_at?.toISOString() ?? '' }
        : null,
    doubt: row.last_verdict === 'unproven' ? (row.last_reason ?? 'it proves nothing') : null,
    runningSince: row.running_since?.toISOString() ?? null,
  };
}
