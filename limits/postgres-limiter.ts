import type { Pool } from 'pg';
import { whenAvailable } from '../warehouse/postgres/unavailable.ts';
import { bucketsOf, needsTurn } from './bucket.ts';
import { callOf, chargesOf, endpointOf } from './charges.ts';
import { Feedback } from './feedback.ts';
import { Desk } from './desk.ts';
import { Leases } from './leases.ts';
import type { Limiter, LimiterFor, Permit } from './limiter.ts';
import { Line } from './line.ts';
import { LocalBlock } from './local-block.ts';
import { PermitCalls } from './permit-calls.ts';
import { PromptSender } from './prompt-sender.ts';
import { SlotNews } from './slot-news.ts';
import { TurnConnection } from './turn-connection.ts';
import { TurnSender } from './turn-sender.ts';

const nothing = async (): Promise<void> => {};

/**
 * Permits from PostgreSQL, on the database's clock: exact for any number of processes. The arithmetic is in
 * migrations/0003_limits.sql. Limits that can bear a late request are asked for in batches, side by side; the others go by
 * turns. Without limits of its own only a block counts, and whether the partner answers.
 */
export function postgresLimiter(pool: Pool, limiterFor: LimiterFor): Limiter {
  const { limits, credential, baseUrl = 'http://localhost' } = limiterFor;
  const buckets = bucketsOf(limits);
  const calls = new PermitCalls(pool, limiterFor, buckets);
  const line = new Line();
  const leases = new Leases(calls);
  const block = new LocalBlock();
  const feedback = new Feedback(calls);
  const deps = { line, feedback, calls, leases, block, onChange: () => desk.wake() };
  const sender = needsTurn(buckets)
    ? new TurnSender({ ...deps, connection: new TurnConnection(pool, calls) })
    : new PromptSender(deps);
  const desk = new Desk(line, sender);
  const news = limits.concurrency === undefined ? undefined : new SlotNews(pool, credential, () => desk.wake());
  return {
    ask: async (given) => {
      const request = { method: 'GET', url: baseUrl, lane: 'normal' as const, patienceMs: 0, ...given };
      if (buckets.length === 0) {
        const free = await askFree(pool, credential);
        if (free?.granted === true)
          return { ...free, answered: (told) => feedback.answered(told, { kind: '', charged: 1 }) };
        if (free !== undefined) return free;
      }
      news?.follow();
      const call = callOf(request, baseUrl);
      const cost = feedback.assumedCost(endpointOf(call), limits.cost?.assume ?? 1);
      return line.join(request, {
        call,
        cost,
        charges: chargesOf(call, buckets, { weights: limits.weights, cost }),
      });
    },
    block: async (waitMs, reason, { cut = true } = {}) => {
      // At once here; in other processes with their next question.
      const stored = block.begin(waitMs);
      const until = await calls.block(waitMs, reason, cut);
      stored();
      return until;
    },
    finished: (work) => calls.finished(work),
    close: async () => {
      leases.stop();
      news?.close();
      await sender.close();
    },
  };
}

/**
 * Takes no lock and writes nothing. Undefined: the partner told of a limit, or does not answer, so permits are counted, or
 * given to probes.
 */
async function askFree(pool: Pool, credential: string): Promise<Permit | undefined> {
  const { rows } = await whenAvailable(() =>
    pool.query<{ wait_ms: number | null; cause: string | null }>({
      name: 'ask free',
      text: `select extract(epoch from c.blocked_until - clock_timestamp())::double precision * 1000 as wait_ms,
          coalesce(c.blocked_reason, 'blocked') as cause
        from (select $1::text as credential) as asked
        left join credentials c on c.credential = asked.credential
          and greatest(c.blocked_until, c.told_until) > clock_timestamp()
        left join circuits k on k.credential = asked.credential and k.state <> 'closed'
        where c.credential is not null or k.credential is not null`,
      values: [credential],
    }),
  );
  const row = rows[0];
  if (row === undefined) return { granted: true, release: nothing };
  const { wait_ms: waitMs, cause } = row;
  return waitMs !== null && waitMs > 0 ? { granted: false, waitMs, cause: cause ?? 'blocked' } : undefined;
}
