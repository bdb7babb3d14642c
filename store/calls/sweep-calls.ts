import type { Pool } from 'pg';

const BATCH = 10_000;
/** Of one sweep: the next one goes on. */
const MOST_BATCHES = 20;

/** Forgets calls that were made longer ago; how many. Several workers may sweep at once. */
export async function sweepCalls(pool: Pool, keepMs: number): Promise<number> {
  let swept = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const { rowCount } = await pool.query(
      `delete from calls where ctid = any (array(select ctid from calls
        where at < now() - make_interval(secs => $1) order by at limit ${BATCH} for update skip locked))`,
      [keepMs / 1000],
    );
    swept += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH) break;
  }
  return swept;
}
