import type { Pool } from 'pg';
import { standingOf, type EndedReconciliation } from '../../core/reconcile-standing.ts';
import { COUNTS } from './read-reconciliations.ts';

export interface StandingStream {
  readonly partner: string;
  readonly stream: string;
  readonly standing: readonly EndedReconciliation[];
}

/** Of each stream that was ever reconciled to the end, what its reconciliations say now. */
export async function readStanding(pool: Pool): Promise<readonly StandingStream[]> {
  const { rows } = await pool.query<
    Omit<EndedReconciliation, 'endedAt'> & { readonly partner: string; readonly stream: string; readonly endedAt: Date }
  >(
    `with latest as (select distinct on (stream_id, level, range_from is null, sample is null) reconciliation from reconciliations
        where state = 'done' order by stream_id, level, range_from is null, sample is null, finished_at desc)
      select s.partner, s.name as stream, c.reconciliation as id, c.level, c.range_from is not null as windowed, c.sample is not null as sampled,
          c.verdict, c.reason, c.finished_at as "endedAt", coalesce(c.findings_were, (${COUNTS})) as findings
        from latest join reconciliations c using (reconciliation) join streams s using (stream_id) order by 1, 2`,
  );
  const streams = new Map<string, { partner: string; stream: string; ended: EndedReconciliation[] }>();
  for (const { partner, stream, endedAt, ...rest } of rows) {
    const known = streams.get(`${partner} ${stream}`) ?? { partner, stream, ended: [] };
    known.ended.push({ ...rest, endedAt: endedAt.toISOString() });
    streams.set(`${partner} ${stream}`, known);
  }
  return [...streams.values()].map(({ ended, ...of }) => ({ ...of, standing: standingOf(ended) }));
}

export interface FailedReconciliation {
  readonly partner: string;
  readonly stream: string;
  readonly id: string;
  readonly reason: string;
  /** ISO. */
  readonly at: string;
}

/** Streams whose last reconciliation to end has failed. */
export async function failedReconciliations(pool: Pool): Promise<readonly FailedReconciliation[]> {
  const { rows } = await pool.query<Omit<FailedReconciliation, 'at'> & { readonly state: string; readonly at: Date }>(
    `select distinct on (c.stream_id) s.partner, s.name as stream, c.reconciliation as id, c.state, coalesce(c.reason, '') as reason, c.finished_at as at
      from reconciliations c join streams s using (stream_id) where c.state <> 'running' order by c.stream_id, c.finished_at desc`,
  );
  return rows.flatMap(({ state, at, ...failed }) => (state === 'failed' ? [{ ...failed, at: at.toISOString() }] : []));
}

export interface SlotsOfSchedule {
  readonly partner: string;
  readonly stream: string;
  readonly schedule: string;
  /** ISO: when the last one ended well; null: none has. */
  readonly lastAt: string | null;
  /** ISO: since when one is going; null: none is. */
  readonly runningSince: string | null;
}

/** Reconciliations that schedules have started, by the labels that they give them. */
export async function slotsOfSchedules(pool: Pool): Promise<readonly SlotsOfSchedule[]> {
  const { rows } = await pool.query<
    Pick<SlotsOfSchedule, 'partner' | 'stream' | 'schedule'> & { last_at: Date | null; running_since: Date | null }
  >(
    `select s.partner, s.name as stream, l.schedule, max(c.finished_at) filter (where c.state = 'done') as last_at,
        min(c.started_at) filter (where c.state = 'running') as running_since
      from reconciliations c join streams s using (stream_id)
      cross join lateral (select substring(c.reconciliation from '/([a-z][a-z0-9_]*)-\\d{4}-\\d\\d-\\d\\dT[^/]*$') as schedule) l
      where l.schedule is not null group by 1, 2, 3`,
  );
  return rows.map(({ last_at: last, running_since: running, ...of }) => ({
    ...of,
    lastAt: last?.toISOString() ?? null,
    runningSince: running?.toISOString() ?? null,
  }));
}
