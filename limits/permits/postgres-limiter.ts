import type { Pool } from 'pg';
import { atWork } from '../turns/at-work.ts';
import { bucketsOf, needsTurn } from '../declare/bucket.ts';
import { callOf, chargesOf, endpointOf } from '../declare/charges.ts';
import { Feedback } from './feedback.ts';
import { Desk } from './desk.ts';
import { FreePermits } from './free-permits.ts';
import { Leases } from '../slots/leases.ts';
import type { Limiter, LimiterFor, Permit, PermitRequest } from './limiter.ts';
import { Line } from './line.ts';
import { LocalBlock } from './local-block.ts';
import { PermitCalls } from './permit-calls.ts';
import { PromptSender } from './prompt-sender.ts';
import { SlotKeeping } from '../slots/slot-keeping.ts';
import { SlotSession } from '../slots/slot-session.ts';
import { TurnConnection } from '../turns/turn-connection.ts';
import { TurnSender } from '../turns/turn-sender.ts';

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
  const session = limits.concurrency === undefined ? undefined : new SlotSession(pool, credential, () => desk.wake());
  const leases = new Leases(calls, session);
  const block = new LocalBlock();
  const feedback = new Feedback(calls);
  const free = new FreePermits({ pool, credential, block, feedback });
  const deps = { line, feedback, calls, leases, block, onChange: () => desk.wake() };
  const sender = needsTurn(buckets)
    ? new TurnSender({ ...deps, connection: new TurnConnection(pool, calls) })
    : new PromptSender({ ...deps, keeping: new SlotKeeping(limiterFor.keepSlotsMs) });
  const desk = new Desk(line, sender);
  const ask = async (given: Partial<PermitRequest> = {}): Promise<Permit> => {
    const request = { method: 'GET', url: baseUrl, lane: 'normal' as const, patienceMs: 0, departs: false, ...given };
    if (buckets.length === 0) {
      const permit = await free.ask();
      if (permit !== undefined) return permit;
    }
    session?.follow();
    const call = callOf(request, baseUrl);
    const cost = feedback.assumedCost(endpointOf(call), limits.cost?.assume ?? 1);
    return line.join(request, {
      call,
      cost,
      charges: chargesOf(call, buckets, { weights: limits.weights, cost }),
    });
  };
  return {
    ask: async (given) => {
      const over = atWork.begin(credential);
      const permit = await ask(given).catch((error: unknown) => {
        over();
        throw error;
      });
      if (!permit.granted) {
        over();
        return permit;
      }
      const { release } = permit;
      // The permit itself, whose other parts come to be only when it is sent.
      return Object.assign(permit, { release: () => release().finally(over) });
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
      session?.close();
      await sender.close();
    },
  };
}
