import type { Pool } from 'pg';
import { MINUTE } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import type { Log } from '../http/log.ts';
import { sweepKeys } from '../store/idempotency/complete-keys.ts';

/** Forgets expired keys, now and then; several processes that do so do not get in each other's way. */
export function sweepEvery(pool: Pool, log: Log, everyMs = 10 * MINUTE): { stop(): Promise<void> } {
  let sweeping: Promise<void> | undefined;
  const stopping = new AbortController();
  const timer = setInterval(() => {
    // One that takes longer goes on alone.
    sweeping ??= sweepKeys(pool, stopping.signal)
      .then(
        (swept) => log.debug({ swept }, 'expired keys are forgotten'),
        (error: unknown) => log.warn({ error: explain(error) }, 'expired keys were not forgotten'),
      )
      .finally(() => (sweeping = undefined));
  }, everyMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await sweeping;
    },
  };
}
