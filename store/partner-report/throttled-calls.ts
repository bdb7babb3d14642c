import type { Pool } from 'pg';
import type { Evidence, Period } from './period.ts';

/** A stretch of time in which calls are counted. */
export interface Stretch {
  readonly perMs: number;
  /** Calls may have reached the partner closer to each other than they left: a count that is sure of it takes so much more time. */
  readonly slackMs: number;
}

/** An answer that refused a call as one too many, and what we had sent until then. */
export interface ThrottledCall extends Evidence {
  readonly status: number | null;
  /** Calls in each stretch that ends with this one, itself included: `sent` in just that time, `most` with the slack. */
  readonly counts: readonly { readonly sent: number; readonly most: number }[];
  /** Calls under way as this one left, itself included; `most` with the slack. */
  readonly underWay: { readonly sent: number; readonly most: number };
  /** Not all calls until then were kept. */
  readonly sampled: boolean;
}

export interface Throttled {
  /** The newest `MOST_JUDGED`. */
  readonly calls: readonly ThrottledCall[];
  /** The most calls that we sent in any such stretch. */
  readonly busiest: readonly number[];
}

export const MOST_JUDGED = 1000;
/** A request hardly takes longer. */
const LONGEST = `interval '5 minutes'`;
const SLACK_UNDER_WAY = `interval '100 milliseconds'`;
const ms = (of: number): string => `interval '${Math.round(of)} milliseconds'`;

/** `without`: streams with a login of their own, which the partner counts apart. */
export async function throttledCalls(
  pool: Pool,
  { partner, from, to }: Period,
  { stretches, without }: { readonly stretches: readonly Stretch[]; readonly without: readonly string[] },
): Promise<Throttled> {
  const longest = Math.max(0, ...stretches.map(({ perMs, slackMs }) => perMs + slackMs));
  const counted = stretches.map(
    (_, i) => `, count(*) over sent_${i} as sent_${i}, count(*) over most_${i} as most_${i}`,
  );
  const windows = stretches.flatMap(({ perMs, slackMs }, i) => [
    `sent_${i} as (order by at range between ${ms(perMs)} preceding and current row)`,
    `most_${i} as (order by at range between ${ms(perMs + slackMs)} preceding and ${ms(slackMs)} following)`,
  ]);
  const { rows } = await pool.query<{ calls: readonly ThrottledCall[] | null; busiest: readonly (number | null)[] }>(
    `with sent as materialized (
        select call_no, at, stream, error, status, request_id, sync_id, max(weight) over (order by at) > 1 as sampled${counted.join('')}
          from calls where partner = $1 and at >= $2::timestamptz - ${ms(longest)} and at < $3 and stream <> all ($4::text[])
          ${windows.length === 0 ? '' : `window ${windows.join(', ')}`}
      ), newest as (
        select * from sent where error = 'throttled' and at >= $2 order by at desc, call_no desc limit ${MOST_JUDGED}
      )
      select (select json_agg(json_build_object('at', at, 'stream', stream, 'status', status, 'requestId', request_id, 'runId', sync_id,
          'sampled', sampled, 'counts', json_build_array(${stretches.map((_, i) => `json_build_object('sent', sent_${i}, 'most', most_${i})`).join(', ')}),
          'underWay', json_build_object('sent', u.sent, 'most', u.most)) order by at desc, call_no desc)
        from newest n cross join lateral (
          select count(*) filter (where o.at <= n.at and o.at + o.duration_ms * interval '1 millisecond' > n.at) as sent, count(*) as most
            from calls o where o.partner = $1 and o.stream <> all ($4::text[]) and o.at between n.at - ${LONGEST} and n.at + ${SLACK_UNDER_WAY}
              and o.at + o.duration_ms * interval '1 millisecond' + ${SLACK_UNDER_WAY} > n.at
        ) u) as calls,
        json_build_array(${stretches.map((_, i) => `(select max(sent_${i}) from sent where at >= $2)`).join(', ')}) as busiest`,
    [partner, from, to, without],
  );
  const { calls, busiest = [] } = rows[0] ?? {};
  return {
    calls: (calls ?? []).map((call) => ({ ...call, at: new Date(call.at).toISOString() })),
    busiest: busiest.map((most) => most ?? 0),
  };
}
