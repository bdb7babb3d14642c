import type { Pool } from 'pg';
import type { CallError, CallPurpose } from '../../core/call.ts';
import { ask, type Evidence, type Period } from './period.ts';

/** How far back the call log of a partner reaches. */
export interface CallsKnown {
  /** ISO time of the oldest call that is kept; null: there is none. */
  readonly since: string | null;
  /** It reaches back to the partner's first run: there were no calls before. */
  readonly complete: boolean;
}

/** A worker begins a run a little before it calls. */
const FIRST_CALL = '1 minute';

export async function callsKnown(pool: Pool, partner: string): Promise<CallsKnown> {
  const [known] = await ask<CallsKnown>(
    pool,
    `select min(at) as since, coalesce(min(at) - interval '${FIRST_CALL}' < (
          select min(r.started_at) from stream_runs r join streams s using (stream_id) where s.partner = $1), false) as complete
      from calls where partner = $1`,
    [partner],
  );
  return known ?? { since: null, complete: false };
}

/** Calls of runs that are alike. What a person tries out is none of them. */
export interface CallGroup {
  readonly stream: string;
  readonly purpose: CallPurpose;
  readonly error: CallError | null;
  readonly status: number | null;
  readonly code: string | null;
  /** In the period; else before. */
  readonly now: boolean;
  /** An estimate where calls are sampled. */
  readonly calls: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export const callGroups = (pool: Pool, { partner, before, from, to }: Period): Promise<readonly CallGroup[]> =>
  ask(
    pool,
    `select stream, purpose, error, status, code, at >= $3 as now, round(sum(weight))::float8 as calls, min(at) as "firstAt", max(at) as "lastAt"
      from calls where partner = $1 and at >= $2 and at < $4 and made_by is null group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5`,
    [partner, before, from, to],
  );

export interface FailedCall extends Evidence, Pick<CallGroup, 'purpose' | 'error' | 'status' | 'code'> {
  readonly method: string;
  /** As it was sent: it may hold ids of records. */
  readonly path: string;
}

/** Failed calls of the period, of those that are alike the newest `each`. */
export const failedCalls = (pool: Pool, period: Period, each: number): Promise<readonly FailedCall[]> =>
  ask(
    pool,
    `select at, stream, purpose, error, status, code, method, path, request_id as "requestId", sync_id as "runId"
      from (select *, row_number() over (partition by stream, purpose, error, status, code order by at desc, call_no desc) as place
        from calls where partner = $1 and at >= $2 and at < $3 and error is not null and made_by is null) c
      where place <= $4 order by stream, error, status, at desc limit 500`,
    [period.partner, period.from, period.to, each],
  );

/** Each step of durations is so much longer than the one before. */
export const STEP = 1.05;

/** How many answers took how long. */
export interface Latency {
  readonly stream: string;
  readonly now: boolean;
  /** Of the day, UTC. */
  readonly hour: number;
  /** The answer took from STEP ** step to STEP ** (step + 1) ms. */
  readonly step: number;
  readonly calls: number;
}

/** Of answers that brought something: a refusal may be quick. Tokens come from elsewhere. */
export const latencies = (pool: Pool, { partner, before, from, to }: Period): Promise<readonly Latency[]> =>
  ask(
    pool,
    `select stream, at >= $3 as now, extract(hour from at at time zone 'UTC')::int as hour,
        floor(ln(greatest(duration_ms, 1)) / ln(${STEP}))::int as step, sum(weight)::float8 as calls
      from calls where partner = $1 and at >= $2 and at < $4 and status between 200 and 299 and error is null and purpose <> 'token' and made_by is null
      group by 1, 2, 3, 4`,
    [partner, before, from, to],
  );
