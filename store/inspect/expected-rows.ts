import type { Pool } from 'pg';

/** How many rows a stream of a run will have read at its end, as far as anybody can tell beforehand. */
export interface ExpectedRows {
  readonly rows: number;
  /** `partner`: it states a total. `before`: as many as the last time it was read to its end. */
  readonly known: 'partner' | 'before';
}

/** By stream; those that were never read to their end, and whose partner states no total, are not there. */
export async function expectedRows(pool: Pool, runId: string): Promise<ReadonlyMap<string, ExpectedRows>> {
  const { rows } = await pool.query<{ name: string; partner_total: string | null; before: string | null }>(
    `select s.name, r.partner_total, b.fetched as before
      from stream_runs r join streams s using (stream_id)
      left join lateral (
        select o.fetched from stream_runs o
          where o.stream_id = r.stream_id and o.state = 'done' and o.kind = r.kind and o.run_no < r.run_no
          order by o.run_no desc limit 1
      ) b on true
      where r.run_id = $1`,
    [runId],
  );
  return new Map(
    rows.flatMap(({ name, partner_total: total, before }): (readonly [string, ExpectedRows])[] => {
      if (total !== null) return [[name, { rows: Number(total), known: 'partner' }]];
      return before === null || before === '0' ? [] : [[name, { rows: Number(before), known: 'before' }]];
    }),
  );
}
