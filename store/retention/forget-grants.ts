import type { Pool } from 'pg';
import { DAY } from '../../core/duration.ts';

/** How long grants are kept where no definition wants less. */
export const GRANTS_KEPT_MS = 90 * DAY;
/** In one transaction. */
const PIECE = 10_000;
/** Of one sweep: the next one goes on. */
const MOST_PIECES = 20;

/** Forgets grants that were given longer ago; how many. Several workers may sweep at once. */
export async function sweepGrants(pool: Pool, keptMs = GRANTS_KEPT_MS): Promise<number> {
  return inPieces(MOST_PIECES, async () => {
    const { rowCount } = await pool.query(
      `delete from grants where ctid = any (array(select ctid from grants
        where given_at < now() - $1::float8 * interval '1 millisecond' limit ${PIECE} for update skip locked))`,
      [keptMs],
    );
    return rowCount ?? 0;
  });
}

/** The same for a stream whose ledger is kept for less time, of its runs that have ended so long ago. */
export async function forgetGrants(
  pool: Pool,
  { streamId, olderMs }: { readonly streamId: number; readonly olderMs: number },
): Promise<number> {
  return inPieces(Infinity, async () => {
    const { rowCount } = await pool.query(
      `delete from grants where ctid = any (array(select g.ctid from grants g join stream_runs r using (stream_id, run_no)
        where g.stream_id = $1 and r.finished_at < now() - $2::float8 * interval '1 millisecond' limit ${PIECE} for update of g skip locked))`,
      [streamId, olderMs],
    );
    return rowCount ?? 0;
  });
}

async function inPieces(most: number, piece: () => Promise<number>): Promise<number> {
  let gone = 0;
  for (let pieces = 0; pieces < most; pieces += 1) {
    const removed = await piece();
    gone += removed;
    if (removed < PIECE) break;
  }
  return gone;
}
