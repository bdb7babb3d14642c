import type { Pool } from 'pg';
import { asked, isAsked, type Forgetting, type OfStream } from './forgetting.ts';

const KEPT_DAYS = 90;

/** Those of before of a table in a target, and of the last one the rows that differed. */
const due = `select c.comparison, c.place, s.partner, s.name as stream
  from (select *, row_number() over (partition by stream_id, target, table_name order by comparison desc) as place from target_comparisons) c
    join streams s using (stream_id)
  where ${isAsked} and c.state <> 'running' and c.started_at < now() - make_interval(days => $4)
    and (c.place > 1 or exists (select from target_findings f where f.comparison = c.comparison))`;

/** Comparisons of tables in targets with the store. What the last one of a table came to stays. */
export async function forgetComparisons(pool: Pool, of: Forgetting): Promise<readonly OfStream[]> {
  const values = [...asked(of), KEPT_DAYS];
  if (of.dryRun) return (await pool.query<OfStream>(due, values)).rows;
  const { rows } = await pool.query<OfStream>(
    `with due as (${due}),
      rows_gone as (delete from target_findings f using due where f.comparison = due.comparison),
      gone as (delete from target_comparisons c using due where c.comparison = due.comparison and due.place > 1)
    select partner, stream from due`,
    values,
  );
  return rows;
}
