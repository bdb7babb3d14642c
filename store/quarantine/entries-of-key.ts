import type { Pool } from 'pg';
import type { EntryOfKey } from '../../core/entry-of-key.ts';

interface Row {
  readonly page: string;
  readonly ordinal: number;
  readonly last_page: string;
  readonly last_ordinal: number;
  readonly path: string;
  readonly reason: string;
  readonly status: EntryOfKey['status'];
  readonly quarantined_at: Date;
  readonly last_seen_at: Date;
  readonly settled_at: Date | null;
  readonly superseded_at: Date | null;
  readonly count: number;
  readonly page_no: number | null;
  readonly request_id: string | null;
  readonly run: string | null;
  readonly window_label: string | null;
}

/** What quarantine keeps of a key (records/stage-records.ts). */
const KEPT = 600;

/** The entries of one key, oldest first: the newest `limit` of them. A record whose key could not be read has none. */
export async function entriesOfKey(
  pool: Pool,
  { streamId, key, limit }: { readonly streamId: number; readonly key: string; readonly limit: number },
): Promise<readonly EntryOfKey[]> {
  const { rows } = await pool.query<Row>(
    `select q.page, q.ordinal, coalesce(q.last_page, q.page) as last_page, coalesce(q.last_ordinal, q.ordinal) as last_ordinal,
        q.path, q.reason, q.status, q.quarantined_at, coalesce(q.last_seen_at, q.quarantined_at) as last_seen_at, q.settled_at,
        q.superseded_at, q.count, p.page_no, p.request_id, coalesce(r.run_id, r.sync_id) as run, r.window_label
      from quarantine q left join pages p on p.stream_id = q.stream_id and p.page_id = q.page
        left join stream_runs r on r.stream_id = q.stream_id and r.run_no = p.run_no
      where q.stream_id = $1 and q.key = $2 order by q.page desc, q.ordinal desc limit $3`,
    [streamId, key.slice(0, KEPT), limit],
  );
  return rows.toReversed().map((row) => ({
    id: `${row.page}.${row.ordinal}`,
    place: { page: Number(row.page), ordinal: row.ordinal },
    received: { page: Number(row.last_page), ordinal: row.last_ordinal },
    path: row.path,
    reason: row.reason,
    status: row.status,
    at: row.quarantined_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
    supersededAt: row.superseded_at?.toISOString() ?? null,
    count: row.count,
    page: row.page_no,
    requestId: row.request_id,
    run: row.run,
    window: row.window_label,
  }));
}
