import type { Pool } from 'pg';
import type { DifferenceCounts } from '../../core/target-comparison.ts';

/** A table in a target that differs from the store by its latest comparison that proved something. */
export interface DifferingTable extends DifferenceCounts {
  readonly target: string;
  readonly partner: string;
  /** The table: `payments`, or `payments.history`. */
  readonly stream: string;
  /** The stream that it is of. */
  readonly of: string;
  readonly comparison: number;
  /** ISO: the first comparison that said so, since one that found nothing. */
  readonly since: string;
}

export async function differingTables(pool: Pool, partner?: string): Promise<readonly DifferingTable[]> {
  const { rows } = await pool.query<Omit<DifferingTable, 'since'> & { readonly since: Date }>(
    `with differ as (select * from target_comparisons where verdict = 'differs')
      select d.target, s.partner, d.table_name as stream, s.name as of, d.comparison, d.missing::float8 as missing, d.extra::float8 as extra,
          d.different::float8 as different, (select min(f.finished_at) from differ f
            where (f.stream_id, f.target, f.table_name) = (d.stream_id, d.target, d.table_name) and not exists (select from target_comparisons c
              where (c.stream_id, c.target, c.table_name) = (d.stream_id, d.target, d.table_name) and c.verdict = 'clean' and c.comparison > f.comparison)) as since
        from differ d join streams s using (stream_id)
        where ($1::text is null or s.partner = $1) and not exists (select from target_comparisons c
          where (c.stream_id, c.target, c.table_name) = (d.stream_id, d.target, d.table_name) and c.comparison > d.comparison and c.verdict in ('clean', 'differs'))
        order by s.partner, d.table_name, d.target`,
    [partner ?? null],
  );
  return rows.map(({ since, ...row }) => ({ ...row, since: since.toISOString() }));
}
