import type { Pool } from 'pg';

/** A request whose records are in the log, and how they stand now. */
export interface PushedRequest {
  readonly id: string;
  readonly caller: string;
  readonly partner: string;
  readonly stream: string;
  /** ISO. */
  readonly receivedAt: string;
  readonly committedAt: string;
  readonly counts: Readonly<
    Record<'fetched' | 'inserted' | 'updated' | 'unchanged' | 'stale' | 'deleted' | 'waiting' | 'quarantined', number>
  >;
  /** Records that wait now, and those that waited and do no longer. */
  readonly waiting: number;
  readonly settledWaits: number;
  /** Records in quarantine now, and those that were and are no longer. */
  readonly held: number;
  readonly settledHolds: number;
  readonly targets: readonly { readonly target: string; readonly applied: boolean }[];
}

interface Row {
  readonly page_key: string;
  readonly caller: string;
  readonly partner: string;
  readonly name: string;
  readonly fetched_at: Date;
  readonly committed_at: Date;
  readonly counts: PushedRequest['counts'];
  readonly waiting: number;
  readonly settled_waits: number;
  readonly held: number;
  readonly settled_holds: number;
  readonly targets: readonly { readonly target: string; readonly applied: boolean }[] | null;
}

/** undefined: there is none with this id, or retention removed what was known of it. */
export async function pushedRequest(pool: Pool, id: string): Promise<PushedRequest | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'pushed request',
    // Events are numbered in the order of their pages: a target has those of this page where the next one that it lacks is of a later one.
    text: `select p.page_key, p.caller, s.partner, s.name, p.fetched_at, p.committed_at,
        json_build_object('fetched', p.fetched, 'inserted', p.inserted, 'updated', p.updated, 'unchanged', p.unchanged, 'stale', p.stale,
          'deleted', p.deleted, 'waiting', p.waiting, 'quarantined', p.quarantined) as counts,
        coalesce(w.open, 0)::integer as waiting, coalesce(w.settled, 0)::integer as settled_waits,
        coalesce(q.open, 0)::integer as held, coalesce(q.settled, 0)::integer as settled_holds,
        (select json_agg(json_build_object('target', t.target, 'applied', not exists (select from (
            select e.page from events e where e.stream_id = p.stream_id and e.event > t.cursor order by e.event limit 1) n where n.page <= p.page_id)) order by t.target)
          from target_states t where t.partner = s.partner and t.stream = s.name) as targets
      from pages p join streams s using (stream_id)
      left join lateral (select count(*) filter (where status = 'waiting') as open, count(*) filter (where status <> 'waiting') as settled
        from waiting w where w.stream_id = p.stream_id and w.page = p.page_id) w on p.waiting > 0
      left join lateral (select count(*) filter (where status = 'held' and superseded_at is null) as open,
          count(*) filter (where status <> 'held' or superseded_at is not null) as settled
        from quarantine q where q.stream_id = p.stream_id and q.page = p.page_id) q on p.quarantined > 0
      where p.page_key = $1 and p.kind = 'push'`,
    values: [id],
  });
  const [row] = rows;
  return (
    row && {
      id: row.page_key,
      caller: row.caller,
      partner: row.partner,
      stream: row.name,
      receivedAt: row.fetched_at.toISOString(),
      committedAt: row.committed_at.toISOString(),
      counts: row.counts,
      waiting: row.waiting,
      settledWaits: row.settled_waits,
      held: row.held,
      settledHolds: row.settled_holds,
      targets: row.targets ?? [],
    }
  );
}
