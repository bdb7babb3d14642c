import type { Pool } from 'pg';

/** A stream's table in a target that has not all that it should have. */
export interface TroubledTarget {
  readonly target: string;
  readonly partner: string;
  /** The table: `payments`, or `payments.history`. */
  readonly stream: string;
  /** The stream that it is of. */
  readonly of: string;
  readonly behind: number;
  /** ISO. */
  readonly behindSince: string | null;
  readonly error: string | null;
}

/** A load takes its time: what has been behind for less is at work. */
const LEAST_MINUTES = 10;

/** Those whose last load failed, and those that have been behind for a while. */
export async function troubledTargets(pool: Pool, partner?: string): Promise<readonly TroubledTarget[]> {
  const { rows } = await pool.query<{
    target: string;
    partner: string;
    stream: string;
    of: string;
    behind: string;
    behind_since: Date | null;
    error: string | null;
  }>(
    `select t.target, t.partner, t.stream, s.name as of, t.behind_since, t.error,
        greatest(0, coalesce(case when s.disposition = 'replace' then s.swept else s.last_event end, 0) - t.cursor) as behind
      from target_states t join streams s on s.partner = t.partner and s.name = split_part(t.stream, '.', 1)
      where ($1::text is null or t.partner = $1) and (t.error is not null or t.behind_since < now() - ${LEAST_MINUTES} * interval '1 minute')
      order by t.partner, t.stream, t.target`,
    [partner ?? null],
  );
  return rows.map(({ behind_since: behindSince, behind, ...row }) => ({
    ...row,
    behind: Number(behind),
    behindSince: behindSince?.toISOString() ?? null,
  }));
}
