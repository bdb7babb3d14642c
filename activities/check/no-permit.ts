import { formatDuration, SECOND } from '../../core/duration.ts';
import { RetryLater } from '../../core/errors.ts';
import type { Limiter, RefusedPermit } from '../../limits/permits/limiter.ts';

/** So long a check waits for a permit: a person waits for it. */
export const PATIENCE_MS = 10 * SECOND;

/** The limits have no room for a request of the check. It says nothing of the definition. */
export class NoPermit extends RetryLater {}

/** Asks like all others, in a lane that keeps nothing from critical work, and is refused soon. */
export const impatient = (limiter: Limiter): Limiter => ({
  ...limiter,
  ask: async (request) => {
    const permit = await limiter.ask({ ...request, lane: 'normal', work: undefined, patienceMs: PATIENCE_MS });
    if (permit.granted) return permit;
    throw new NoPermit(sayRefused(permit), { afterMs: permit.waitMs });
  },
});

function sayRefused({ cause, waitMs, down }: RefusedPermit): string {
  const later = `check again in ${formatDuration(Math.max(waitMs, SECOND))}`;
  return down === true
    ? `no request is sent now, because the partner did not answer lately (${cause}); ${later}, when it is tried again`
    : `no permit within ${formatDuration(PATIENCE_MS)} (${cause}); ${later}`;
}
