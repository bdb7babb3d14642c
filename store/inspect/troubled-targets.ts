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

interface Row {
  readonly target: string;
  readonly partner: string;
  readonly stream: string;
  readonly of: string;
  readonly behind: string;
  readonly behind_since: Date | null;
  readonly error: string | null;
}

/** Of target_states `t` and streams `s`. Of a `replace`, only complete listings count. */
const columns = `t.target, t.partner, t.stream, s.name as of, t.behind_since, t.error,
  greatest(0, coalesce(case when s.disposition = 'replace' then s.swept else s.last_event end, 0) - t.cursor) as behind`;

const targetOf = ({ target, partner, stream, of, behind, behind_since: behindSince, error }: Row): TroubledTarget => ({
  target,
  partner,
  stream,
  of,
  behind: Number(behind),
  behindSince: behindSince?.toISOString() ?? null,
  error,
});

/** A load takes its time: what has been behind for less is at work. */
const LEAST_MINUTES = 10;

/** Those whose last load failed, and those that have been behind for a while. */
export async function troubledTargets(pool: Pool, partner?: string): Promise<readonly TroubledTarget[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from target_states t join streams s on s.partner = t.partner and s.name = split_part(t.stream, '.', 1)
      where ($1::text is null or t.partner = $1) and (t.error is not null or t.behind_since < now() - ${LEAST_MINUTES} * interval '1 minute')
      order by t.partner, t.stream, t.target`,
    [partner ?? null],
  );
  return rows.map(targetOf);
}

/** How a stream's tables stand in one of its targets. Times are ISO. */
export interface StandingTarget extends TroubledTarget {
  readonly appliedAt: string | null;
}

/** In the targets that something was told of, by name. */
export async function targetsOfStream(
  pool: Pool,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<readonly StandingTarget[]> {
  const { rows } = await pool.query<Row & { applied_at: Date | null }>(
    `select ${columns}, t.applied_at from target_states t join streams s on s.partner = t.partner and s.name = split_part(t.stream, '.', 1)
      where s.partner = $1 and s.name = $2 order by t.target, t.stream`,
    [partner, stream],
  );
  return rows.map((row) => ({ ...targetOf(row), appliedAt: row.applied_at?.toISOString() ?? null }));
}
