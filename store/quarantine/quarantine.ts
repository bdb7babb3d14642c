import type { Pool } from 'pg';
import type { QuarantineEntry } from '../ledger/ledger.ts';
import type { StreamRun } from '../../core/staged.ts';
import { idParts } from './replayed-page.ts';

export interface QuarantinedRecord extends QuarantineEntry {
  readonly partner: string;
  readonly stream: string;
  readonly key: string | null;
  /** The first time; `lastSeenAt` is the last of `count` times. */
  readonly quarantinedAt: string;
  readonly lastSeenAt: string;
  readonly count: number;
  readonly definitionVersion: string;
  /** null when the stream withholds payloads. */
  readonly payload: string | null;
  /** Values of the parents of the call it came with. */
  readonly parents: readonly string[];
}

interface Row {
  readonly page: string;
  readonly ordinal: number;
  readonly partner: string;
  readonly name: string;
  readonly key: string | null;
  readonly path: string;
  readonly reason: string;
  readonly status: QuarantinedRecord['status'];
  readonly quarantined_at: Date;
  readonly last_seen_at: Date;
  readonly count: number;
  readonly definition_version: string;
  readonly payload: string | null;
  readonly parents: string[] | null;
}

export interface QuarantineFilter {
  readonly partner?: string | undefined;
  readonly stream?: string | undefined;
  readonly status?: QuarantinedRecord['status'] | undefined;
  readonly id?: string | undefined;
  readonly limit: number;
}

export async function readQuarantine(pool: Pool, filter: QuarantineFilter): Promise<QuarantinedRecord[]> {
  const [page, ordinal] = filter.id === undefined ? [null, null] : filter.id.split('.');
  const { rows } = await pool.query<Row>(
    `select q.page, q.ordinal, s.partner, s.name, q.key, q.path, q.reason, q.status, q.quarantined_at,
        coalesce(q.last_seen_at, q.quarantined_at) as last_seen_at, q.count, q.definition_version, q.payload, p.parents
      from quarantine q join streams s using (stream_id)
      left join pages p on p.stream_id = q.stream_id and p.page_id = q.page
      where ($1::text is null or s.partner = $1) and ($2::text is null or s.name = $2)
        and ($3::text is null or q.status = $3)
        and ($4::bigint is null or (q.page = $4 and q.ordinal = $5))
      order by q.quarantined_at desc, q.page, q.ordinal limit $6`,
    [filter.partner ?? null, filter.stream ?? null, filter.status ?? null, page ?? null, ordinal ?? null, filter.limit],
  );
  return rows.map((row) => ({
    id: `${row.page}.${row.ordinal}`,
    partner: row.partner,
    stream: row.name,
    key: row.key,
    path: row.path,
    reason: row.reason,
    status: row.status,
    quarantinedAt: row.quarantined_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    count: row.count,
    definitionVersion: row.definition_version,
    payload: row.payload,
    parents: row.parents ?? [],
  }));
}

/** How entries stand, by their ids. */
export async function quarantineEntries(
  pool: Pool,
  { streamId }: Pick<StreamRun, 'streamId'>,
  ids: readonly string[],
): Promise<readonly QuarantineEntry[]> {
  const { rows } = await pool.query<QuarantineEntry>(
    `select q.page || '.' || q.ordinal as id, q.status, q.path, q.reason
      from unnest($2::bigint[], $3::integer[]) with ordinality as i(page, ordinal, place)
      join quarantine q on q.stream_id = $1 and q.page = i.page and q.ordinal = i.ordinal order by i.place`,
    [streamId, ...idParts(ids)],
  );
  return rows;
}
