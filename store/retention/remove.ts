import type { Pool } from 'pg';
import { transaction } from '../session/transaction.ts';

export interface Removed {
  readonly lines: number;
  readonly bytes: number;
  readonly remaining: boolean;
}

/** So many at once hold the stream's writers up for some hundredths of a second. */
const PIECE = 2000;
const PAGES = 10_000;

/** The next lines of those that were found. */
export async function removeLines(
  pool: Pool,
  {
    streamId,
    definitionVersion,
    upTo,
  }: { readonly streamId: number; readonly definitionVersion: string; readonly upTo: number },
): Promise<Removed> {
  const { rows } = await pool.query<{ lines: string; bytes: string; remaining: boolean }>(
    'select lines, bytes, remaining from remove_lines($1, $2, $3, $4)',
    [streamId, definitionVersion, upTo, PIECE],
  );
  const row = rows[0] as (typeof rows)[number];
  return { lines: Number(row.lines), bytes: Number(row.bytes), remaining: row.remaining };
}

/** Pages that brought nothing new, and ended so long ago; undefined in the end. */
export async function* removePages(
  pool: Pool,
  { streamId, olderMs, dryRun }: { readonly streamId: number; readonly olderMs: number; readonly dryRun: boolean },
): AsyncGenerator<{ readonly pages: number; readonly bytes: number }, undefined> {
  for (let after = '0'; ;) {
    const { rows } = await pool.query<{ pages: string; bytes: string; last: string | null }>(
      `select pages, bytes, last from remove_pages($1, now() - $2::float8 * interval '1 millisecond', $3, $4, $5)`,
      [streamId, olderMs, after, PAGES, dryRun],
    );
    const row = rows[0];
    if (row === undefined || row.last === null) return undefined;
    after = row.last;
    yield { pages: Number(row.pages), bytes: Number(row.bytes) };
  }
}

/** Records that had to wait and were released or refused. One that a person dropped stays: it is dropped once more where it comes again. */
export async function removeSettled(
  pool: Pool,
  { streamId, olderMs, dryRun }: { readonly streamId: number; readonly olderMs: number; readonly dryRun: boolean },
): Promise<number> {
  const old = `stream_id = $1 and status in ('released', 'refused') and settled_at < now() - $2::float8 * interval '1 millisecond'`;
  if (dryRun) {
    const { rows } = await pool.query<{ count: string }>(`select count(*) from waiting where ${old}`, [
      streamId,
      olderMs,
    ]);
    return Number(rows[0]?.count);
  }
  for (let removed = 0; ;) {
    const { rowCount } = await pool.query(
      `delete from waiting where stream_id = $1 and event in (select event from waiting where ${old} limit ${PIECE})`,
      [streamId, olderMs],
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < PIECE) return removed;
  }
}

/**
 * Entries of the quarantine that nobody has to deal with any more: their records went through, or a newer one of the key did. What a person dismissed
 * stays: sent again, it is known. Returns how many went, or would go.
 */
export async function removeEntries(
  pool: Pool,
  { streamId, olderMs, dryRun }: { readonly streamId: number; readonly olderMs: number; readonly dryRun: boolean },
): Promise<number> {
  const before = `now() - $2::float8 * interval '1 millisecond'`;
  const old = `stream_id = $1 and coalesce(last_seen_at, quarantined_at) < ${before}
    and (status = 'replayed' and settled_at < ${before} or status = 'held' and superseded_at < ${before})`;
  if (dryRun) {
    const { rows } = await pool.query<{ count: string }>(`select count(*) from quarantine where ${old}`, [
      streamId,
      olderMs,
    ]);
    return Number(rows[0]?.count);
  }
  for (let removed = 0; ;) {
    const { rowCount } = await pool.query(
      `delete from quarantine where ctid = any (array(select ctid from quarantine where ${old} limit ${PIECE} for update))`,
      [streamId, olderMs],
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < PIECE) return removed;
  }
}

/** Anomalies whose last event is gone from the log: there is nothing left to show of them. What a partner does again is found again. */
export async function removeAnomalies(pool: Pool, streamId: number): Promise<void> {
  await pool.query(
    `delete from anomalies a where a.stream_id = $1
      and not exists (select from events e where e.stream_id = a.stream_id and e.event = a.came)`,
    [streamId],
  );
}

/**
 * From here on events may be missing. It is said before lines are looked for, since whoever needs what was before a run asks under the
 * stream's lock; `settle` takes it back where nothing went. Not only what was removed counts: a line that stays may stand for others, and
 * without it nobody knows what was there. So it is the horizon up to which lines were looked at.
 */
export const announce = (
  pool: Pool,
  { streamId, upTo }: { readonly streamId: number; readonly upTo: number },
): Promise<unknown> =>
  transaction(pool, (client) =>
    client.query('update streams set log_from = greatest(log_from, $2::bigint) where stream_id = $1', [
      streamId,
      upTo + 1,
    ]),
  );

export const settle = (pool: Pool, streamId: number): Promise<unknown> =>
  transaction(pool, (client) =>
    client.query(
      `update streams s set log_from = greatest(coalesce((select max(horizon) from removals where stream_id = $1 and lines > 0) + 1, 0),
          case when exists (select from log_due where stream_id = $1) then s.log_from else 0 end) where stream_id = $1`,
      [streamId],
    ),
  );
