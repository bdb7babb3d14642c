import type { Pool } from 'pg';
import { fateCounts } from '../../core/counts.ts';
import type { Kind, Outcome } from '../../core/names.ts';

/** A past run of a stream, for a plot and for a list. Times are ISO. */
export interface PastRun {
  readonly syncId: string;
  readonly runId: string | null;
  readonly window: string;
  readonly kind: Kind;
  readonly state: 'running' | 'done' | 'failed';
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly fetched: number;
  readonly fates: Readonly<Record<(typeof fateCounts)[number], number>>;
  readonly requests: number;
  readonly undone: boolean;
}

interface Row extends Readonly<Record<(typeof fateCounts)[number] | 'fetched' | 'requests', string>> {
  readonly sync_id: string;
  readonly run_id: string | null;
  readonly window_label: string;
  readonly kind: Kind;
  readonly state: PastRun['state'];
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly undone_at: Date | null;
}

/** The newest first. Windows of backfills are left out: there may be thousands of them between two nights. */
export async function pastRunsOf(
  pool: Pool,
  { partner, stream, limit }: { readonly partner: string; readonly stream: string; readonly limit: number },
): Promise<readonly PastRun[]> {
  const { rows } = await pool.query<Row>(
    `select r.sync_id, r.run_id, r.window_label, r.kind, r.state, r.outcome, r.reason, r.started_at, r.finished_at, r.undone_at, r.fetched,
        r.requests, ${fateCounts.map((fate) => `r.${fate}`).join(', ')}
      from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and s.name = $2 and r.kind <> 'backfill' order by r.run_no desc limit $3`,
    [partner, stream, limit],
  );
  return rows.map((row) => ({
    syncId: row.sync_id,
    runId: row.run_id,
    window: row.window_label,
    kind: row.kind,
    state: row.state,
    outcome: row.outcome,
    reason: row.reason,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    fetched: Number(row.fetched),
    fates: Object.fromEntries(fateCounts.map((fate) => [fate, Number(row[fate])])) as PastRun['fates'],
    requests: Number(row.requests),
    undone: row.undone_at !== null,
  }));
}

export interface Glimpse {
  readonly syncId: string;
  readonly outcome: Outcome | 'running';
  readonly window: string;
  readonly fetched: number;
}

/** The last runs of each stream of a partner, the oldest first. */
export async function glimpsesOf(
  pool: Pool,
  { partner, each }: { readonly partner: string; readonly each: number },
): Promise<ReadonlyMap<string, readonly Glimpse[]>> {
  const { rows } = await pool.query<{ name: string; runs: readonly Glimpse[] | null }>(
    `select s.name, (select jsonb_agg(jsonb_build_object('syncId', l.sync_id, 'outcome', coalesce(l.outcome, 'running'), 'window', l.window_label,
          'fetched', l.fetched) order by l.run_no)
        from (select run_no, sync_id, outcome, window_label, fetched from stream_runs r
          where r.stream_id = s.stream_id and r.kind <> 'backfill' order by run_no desc limit $2) l) as runs
      from streams s where s.partner = $1`,
    [partner, each],
  );
  return new Map(rows.map(({ name, runs }) => [name, runs ?? []]));
}

/** Records in quarantine by what is wrong with them, the most frequent first. No record and no key is shown. */
export async function quarantineReasons(
  pool: Pool,
  { partner, stream, limit }: { readonly partner: string; readonly stream: string; readonly limit: number },
): Promise<
  readonly { readonly path: string; readonly reason: string; readonly records: number; readonly since: string }[]
> {
  const { rows } = await pool.query<{ path: string; reason: string; records: string; since: Date }>(
    `select q.path, q.reason, count(*) as records, min(q.quarantined_at) as since
      from streams s join quarantine q using (stream_id) where s.partner = $1 and s.name = $2 and q.status = 'held'
      group by q.path, q.reason order by count(*) desc, q.path, q.reason limit $3`,
    [partner, stream, limit],
  );
  return rows.map(({ records, since, ...row }) => ({ ...row, records: Number(records), since: since.toISOString() }));
}

/** What a stream waits for: the streams that have not brought the records, and since when. */
export async function waitingFor(
  pool: Pool,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<
  readonly { readonly needed: string; readonly field: string; readonly records: number; readonly since: string }[]
> {
  const { rows } = await pool.query<{ needed: string; field: string; records: string; since: Date }>(
    `select n.needed, n.field, count(distinct w.event) as records, min(w.since) as since
      from streams s join waiting w using (stream_id) join waiting_needs n using (stream_id, event)
      where s.partner = $1 and s.name = $2 and w.status = 'waiting' group by n.needed, n.field order by 3 desc, 1, 2 limit 20`,
    [partner, stream],
  );
  return rows.map(({ records, since, ...row }) => ({ ...row, records: Number(records), since: since.toISOString() }));
}
