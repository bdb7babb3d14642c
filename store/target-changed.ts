import type { Pool } from 'pg';
import type { TableInTarget } from './target-unfit.ts';

/** A load found that somebody had changed or dropped the live table. */
export interface Changed extends TableInTarget {
  /** How that shows: `it has 1 row, and the last load left 6`. */
  readonly how: string;
}

/**
 * Whether it was not known yet. All of the log waits from then on: whoever looks for streams that are behind starts a load, whoever has found the change.
 * That a table made anew has taken its place is noted with its first load (`noteApplied`).
 */
export async function noteChanged(pool: Pool, { target, partner, stream, table, how }: Changed): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into target_states as t (target, partner, stream, table_id, changed_table, changed_how, changed_at, behind_since)
        values ($1, $2, $3, $4, $4, $5, now(), now())
      on conflict (target, partner, stream) do update set changed_table = excluded.changed_table, changed_how = excluded.changed_how,
        changed_at = excluded.changed_at, anew_at = null, cursor = 0, behind_since = coalesce(t.behind_since, now()) where t.changed_table is distinct from excluded.changed_table`,
    [target, partner, stream, table, how],
  );
  return rowCount === 1;
}
