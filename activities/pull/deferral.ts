import { backoffMs } from '../../core/backoff.ts';
import {
  explain,
  GiveUp,
  HeldForApproval,
  InvalidInput,
  NeedsAttention,
  NotReady,
  RetryLater,
  Throttled,
} from '../../core/errors.ts';
import type { Deferral } from '../../messages/deferral.ts';
import type { RetryRules } from '../failures.ts';

/**
 * What goes back to the workflow, to wait on a timer, instead of failing the grant. A limit is no failure. A failure after
 * some pages is a new beginning for the count of attempts; only failures without any progress are Temporal's to retry.
 */
export function deferralOf(
  error: unknown,
  at: {
    readonly pages: number;
    /** Grants in a row that ended on the partner's limit without a page. */
    readonly idleGrants: number;
    readonly retry: RetryRules;
    readonly nowMs: number;
    readonly random: number;
  },
): Deferral | undefined {
  const backoff = (attempt: number, random: number): number =>
    backoffMs({ attempt, baseMs: at.retry.base, capMs: at.retry.cap, random });
  if (error instanceof Throttled) {
    // A partner that names a short wait but goes on refusing is asked ever more rarely.
    const least = at.idleGrants === 0 ? 0 : backoff(at.idleGrants, 1 - at.random / 2);
    const until = Math.max(Date.parse(error.resumeAt), at.nowMs + least);
    return { until: new Date(until).toISOString(), cause: error.message, reason: 'limit' };
  }
  if (error instanceof NotReady) return { until: error.resumeAt, cause: error.message, reason: 'job' };
  if (error instanceof HeldForApproval) return { until: error.resumeAt, cause: error.message, reason: 'approval' };
  const final = error instanceof GiveUp || error instanceof NeedsAttention || error instanceof InvalidInput;
  if (final || at.pages === 0) return undefined;
  const waitMs = (error instanceof RetryLater ? error.afterMs : undefined) ?? backoff(1, at.random);
  return { until: new Date(at.nowMs + waitMs).toISOString(), cause: explain(error), reason: 'failure' };
}
