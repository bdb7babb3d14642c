import type { Pool } from 'pg';
import { permitWaits, type GrantEnd, type GrantWait, type PermitWait } from '../../core/grant-waits.ts';

/** `lost`: its worker was killed, or could not tell its end. `open`: it goes on. */
export const shownEnds = ['more', 'done', 'deferred', 'failed', 'stopped', 'lost', 'open'] as const satisfies readonly (
  GrantEnd | 'lost' | 'open'
)[];
export type ShownEnd = (typeof shownEnds)[number];

export interface GrantFilter {
  readonly stream?: string | undefined;
  /** Those that waited for this, before or within; for `queue` a second at least. */
  readonly waited?: GrantWait | undefined;
  readonly ended?: ShownEnd | undefined;
  readonly limit: number;
}

export interface Waited {
  readonly reason: GrantWait;
  readonly ms: number;
}

/** One grant: what an activity read before it ended, or was to end, for others to have their turn. Times are ISO. */
export interface GrantRow {
  readonly stream: string;
  readonly syncId: string;
  /** 1, 2, … within the run of the stream. */
  readonly number: number;
  /** Of its activity; above 1 it is a retry. */
  readonly attempt: number;
  readonly askedAt: string;
  readonly givenAt: string;
  readonly endedAt: string | null;
  readonly ended: ShownEnd;
  /** What the next one waits for, until when, and what was said of it. */
  readonly waitsFor: GrantWait | null;
  readonly until: string | null;
  readonly cause: string | null;
  readonly pages: number;
  readonly records: number;
  readonly requests: number;
  /** Between the end of the last one and this one. */
  readonly before: readonly Waited[];
  /** Of its time, how long at least one request waited for its permit. */
  readonly within: readonly Waited[];
}

export interface LongWait extends Waited {
  readonly stream: string;
  /** The grant that came of it, or within which it was. */
  readonly number: number;
  readonly within: boolean;
  readonly from: string;
  /** What was said of it. */
  readonly cause: string | null;
}

const waitColumns = permitWaits.map((reason) => `${reason}_ms`);

/** The stream runs of a run of a partner, or of one stream by its own id. */
export const RUNS = `select r.stream_id, r.run_no, s.name as stream, r.sync_id, r.state from stream_runs r join streams s using (stream_id)
  where r.run_id = $1 or r.sync_id = $1 order by s.name, r.run_no limit 200`;

const ENDED = `case when g.ended_at is not null then g.ended when r.state <> 'running' or exists (select from grants n
    where n.stream_id = g.stream_id and n.run_no = g.run_no and n.number > g.number) then 'lost' else 'open' end`;

/** The last grants of a run that pass the filter, the newest first, and whether there are more. */
export async function listGrants(
  pool: Pool,
  id: string,
  { stream, waited, ended, limit }: GrantFilter,
): Promise<{ readonly grants: readonly GrantRow[]; readonly more: boolean }> {
  const values: unknown[] = [id, limit + 1];
  const conditions = ['true'];
  if (stream !== undefined) conditions.push(`r.stream = $${values.push(stream)}`);
  if (waited !== undefined) conditions.push(waitedFor(waited, values));
  if (ended === 'lost' || ended === 'open') conditions.push('g.ended_at is null');
  if (ended !== undefined) conditions.push(`${ENDED} = $${values.push(ended)}`);
  const { rows } = await pool.query<Row>(
    `with r as materialized (${RUNS}) select g.*, r.stream, r.sync_id, ${ENDED} as shown from r cross join lateral (
        select * from grants g where g.stream_id = r.stream_id and g.run_no = r.run_no and ${conditions.join(' and ')} order by g.number desc limit $2) g
      order by g.given_at desc, g.number desc limit $2`,
    values,
  );
  return { grants: rows.slice(0, limit).map(grantOf), more: rows.length > limit };
}

function waitedFor(waited: GrantWait, values: unknown[]): string {
  if (waited === 'queue') return 'g.queued_ms >= 1000';
  const before = `g.waited_for = $${values.push(waited)}`;
  const column = waitColumns[permitWaits.findIndex((each) => each === waited)];
  return column === undefined ? before : `(${before} or g.${column} > 0)`;
}

interface Row extends Readonly<Record<`${PermitWait}_ms`, number>> {
  readonly stream: string;
  readonly sync_id: string;
  readonly number: number;
  readonly attempt: number;
  readonly asked_at: Date;
  readonly given_at: Date;
  readonly ended_at: Date | null;
  readonly shown: ShownEnd;
  readonly waits_for: GrantWait | null;
  readonly until: Date | null;
  readonly cause: string | null;
  readonly pages: number;
  readonly records: string;
  readonly requests: number;
  readonly waited_for: GrantWait | null;
  readonly waited_ms: string;
  readonly queued_ms: string;
}

const grantOf = (row: Row): GrantRow => ({
  stream: row.stream,
  syncId: row.sync_id,
  number: row.number,
  attempt: row.attempt,
  askedAt: row.asked_at.toISOString(),
  givenAt: row.given_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  ended: row.shown,
  waitsFor: row.waits_for,
  until: row.until?.toISOString() ?? null,
  cause: row.cause,
  pages: row.pages,
  records: Number(row.records),
  requests: row.requests,
  before: [
    ...(row.waited_for === null ? [] : [{ reason: row.waited_for, ms: Number(row.waited_ms) }]),
    { reason: 'queue' as const, ms: Number(row.queued_ms) },
  ],
  within: permitWaits.flatMap((reason) => {
    const ms = row[`${reason}_ms`];
    return ms > 0 ? [{ reason, ms }] : [];
  }),
});

/** The longest waits of a run, the longest first. */
export async function longestWaits(pool: Pool, id: string, most: number): Promise<readonly LongWait[]> {
  const each = [
    ['g.waited_ms', 'g.waited_for', 'false'],
    ['g.queued_ms', `'queue'`, 'false'],
    ...permitWaits.map((reason) => [`g.${reason}_ms`, `'${reason}'`, 'true']),
  ].map(([ms, reason, within]) => `(${ms}::bigint, ${reason}, ${within})`);
  const { rows } = await pool.query<{
    stream: string;
    number: number;
    reason: GrantWait;
    ms: string;
    within: boolean;
    begins: Date;
    cause: string | null;
  }>(
    `with r as materialized (${RUNS}), longest as materialized (
        select r.stream, stream_id, run_no, g.number from r join grants g using (stream_id, run_no)
          order by greatest(g.waited_ms, g.queued_ms, ${waitColumns.map((column) => `g.${column}`).join(', ')}) desc limit $2)
      select l.stream, g.number, w.reason, w.ms, w.within,
          g.given_at - case when w.within then 0 when w.reason = 'queue' then g.queued_ms else g.queued_ms + g.waited_ms end * interval '1 millisecond' as begins,
          case when w.within or w.reason = 'queue' then null
            else (select p.cause from grants p where p.stream_id = g.stream_id and p.run_no = g.run_no and p.number = g.number - 1) end as cause
        from longest l join grants g using (stream_id, run_no, number) cross join lateral (values ${each.join(', ')}) as w (ms, reason, within)
        where w.ms > 0 and w.reason is not null order by w.ms desc limit $2`,
    [id, most],
  );
  return rows.map(({ begins, ms, ...row }) => ({ ...row, ms: Number(ms), from: begins.toISOString() }));
}
