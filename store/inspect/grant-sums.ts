import type { Pool } from 'pg';
import { permitWaits, type GrantWait } from '../../core/grant-waits.ts';
import { RUNS, type Waited } from './run-grants.ts';

/** What a run's reading of a stream waited for, in all. */
export interface StreamWaits {
  readonly stream: string;
  readonly syncId: string;
  readonly grants: number;
  /** Of these, attempts after the first one. */
  readonly retried: number;
  /** Whose end nobody knows. The one that goes on is none. */
  readonly lost: number;
  /** The most first. */
  readonly waits: readonly (Waited & { readonly longestMs: number })[];
}

type Sums = Record<`${'sum' | 'max'}_${string}`, string>;

interface Row extends Sums {
  readonly stream: string;
  readonly sync_id: string;
  readonly state: string;
  readonly waited_for: GrantWait | null;
  readonly grants: number;
  readonly retried: number;
  readonly unended: number;
  readonly last_is_open: boolean;
}

const summed = ['waited', 'queued', ...permitWaits];

/** By stream of a run; those without a grant are left out. */
export async function grantSums(pool: Pool, id: string): Promise<readonly StreamWaits[]> {
  const { rows } = await pool.query<Row>(
    `with r as materialized (${RUNS})
      select r.stream, r.sync_id, r.state, g.* from r cross join lateral (
        select g.waited_for, count(*)::integer as grants, count(*) filter (where g.attempt > 1)::integer as retried,
            count(*) filter (where g.ended_at is null)::integer as unended,
            coalesce(bool_or(g.ended_at is null and g.number = (select max(l.number) from grants l where l.stream_id = r.stream_id and l.run_no = r.run_no)), false) as last_is_open,
            ${summed.map((name) => `sum(g.${name}_ms) as sum_${name}, max(g.${name}_ms) as max_${name}`).join(', ')}
          from grants g where g.stream_id = r.stream_id and g.run_no = r.run_no group by g.waited_for) g`,
    [id],
  );
  return [...new Set(rows.map(({ sync_id }) => sync_id))].map((syncId) =>
    waitsOf(rows.filter(({ sync_id }) => sync_id === syncId)),
  );
}

function waitsOf(rows: readonly Row[]): StreamWaits {
  const [{ stream, sync_id: syncId, state }] = rows as readonly [Row, ...Row[]];
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const isOpen = state === 'running' && rows.some(({ last_is_open }) => last_is_open);
  const parts = rows.flatMap((row) => [
    ...(row.waited_for === null ? [] : [partOf(row, row.waited_for, 'waited')]),
    partOf(row, 'queue', 'queued'),
    ...permitWaits.map((reason) => partOf(row, reason, reason)),
  ]);
  const waits = [...new Set(parts.map(({ reason }) => reason))]
    .map((reason) => {
      const of = parts.filter((part) => part.reason === reason);
      const ms = of.reduce((total, part) => total + part.ms, 0);
      return { reason, ms, longestMs: Math.max(...of.map(({ longestMs }) => longestMs)) };
    })
    .filter(({ ms }) => ms > 0)
    .toSorted((a, b) => b.ms - a.ms);
  return {
    stream,
    syncId,
    grants: sum(({ grants }) => grants),
    retried: sum(({ retried }) => retried),
    lost: sum(({ unended }) => unended) - (isOpen ? 1 : 0),
    waits,
  };
}

const partOf = (row: Row, reason: GrantWait, column: string): Waited & { readonly longestMs: number } => ({
  reason,
  ms: Number(row[`sum_${column}`]),
  longestMs: Number(row[`max_${column}`]),
});
