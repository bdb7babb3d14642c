import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND } from '../../core/duration.ts';
import { Throttled } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { Limiter } from '../../limits/limiter.ts';

/** A worker slot waits this long at the most; what takes longer goes to a durable timer of the workflow. */
const MAX_SLOT_WAIT_MS = 5 * SECOND;

/** Waits for leave to send one request; returns what gives the slot of a concurrency limit back. */
export async function takePermit(deps: {
  readonly limiter: Limiter;
  readonly failpoint: Failpoint;
  readonly signal: AbortSignal;
  readonly now: () => number;
}): Promise<() => Promise<void>> {
  const giveUpAt = deps.now() + MAX_SLOT_WAIT_MS;
  for (;;) {
    await deps.failpoint('permit.before');
    const permit = await deps.limiter.ask();
    if (permit.granted) return permit.release;
    const goOnAt = deps.now() + permit.waitMs;
    if (goOnAt > giveUpAt)
      throw new Throttled(`waiting for the limit: ${permit.cause}`, { resumeAt: new Date(goOnAt).toISOString() });
    // Rounded up: a timer that fires early would only ask in vain.
    await sleep(Math.ceil(permit.waitMs), undefined, { signal: deps.signal });
  }
}
