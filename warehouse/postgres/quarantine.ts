import type { Pool } from 'pg';

export interface QuarantinedRecord {
  /** `17.3`: page and place within it; unique within the stream. */
  readonly id: string;
  readonly partner: string;
  readonly stream: string;
  readonly key: string | null;
  readonly path: string;
  readonly reason: string;
  readonly status: 'held' | 'replayed' | 'dismissed';
  readonly quarantinedAt: string;
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
        q.definition_version, q.payload, p.parents
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
    definitionVersion: row.definition_version,
    payload: row.payload,
    parents: row.parents ?? [],
  }));
}

/** Marks records that went through on a replay. */
export async function settleQuarantine(
  pool: Pool,
  input: { readonly partner: string; readonly stream: string; readonly ids: readonly string[] },
): Promise<void> {
  await pool.query(
    `update quarantine q set status = 'replayed', settled_at = now() from streams s
      where s.stream_id = q.stream_id and s.partner = $1 and s.name = $2
        and (q.page, q.ordinal) in (select * from unnest($3::bigint[], $4::integer[]))`,
    [input.partner, input.stream, input.ids.map((id) => id.split('.')[0]), input.ids.map((id) => id.split('.')[1])],
  );
}
