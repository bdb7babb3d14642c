import type { Pool } from 'pg';
import type { ToldLimit } from '../../core/call.ts';
import { ask, type Evidence, type Period } from './period.ts';

/** Answers that said something of limits by other means than a 429 with a time to wait, of those that are alike the newest. */
export interface ToldLimits extends Evidence {
  readonly status: number | null;
  /** The answer refused the call as one too many; else it came, or failed for another reason. */
  readonly refused: boolean;
  /** null: not noted then. */
  readonly told: ToldLimit['kind'] | null;
  /** An estimate where calls are sampled. */
  readonly calls: number;
  readonly shortestMs: number | null;
  readonly longestMs: number | null;
}

export const toldLimits = (pool: Pool, { partner, from, to }: Period): Promise<readonly ToldLimits[]> =>
  ask(
    pool,
    `select distinct on (stream, status, refused, told) at, stream, status, refused, told, request_id as "requestId", sync_id as "runId",
        round(sum(weight) over alike)::float8 as calls, min(told_wait_ms) over alike as "shortestMs", max(told_wait_ms) over alike as "longestMs"
      from (select *, error is not distinct from 'throttled' as refused from calls where partner = $1 and at >= $2 and at < $3
        and (told is not null or error = 'throttled') and (status is distinct from 429 or told in ('used-up', 'nothing'))) c
      window alike as (partition by stream, status, refused, told)
      order by stream, status, refused, told, at desc, call_no desc limit 200`,
    [partner, from, to],
  );
