import { Context } from '@temporalio/activity';
import { SECOND } from '../../core/duration.ts';
import { explain, GiveUp, InvalidInput, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { toFailure } from '../failures.ts';
import { targetRules } from './telling.ts';

interface StepContext {
  readonly signal: AbortSignal;
  /** What the next attempt finds. */
  readonly heartbeat: (progress: unknown) => void;
}

export interface Refused {
  readonly state: 'refused';
  readonly reason: string;
}

/** What the person asked for cannot be done, and trying again does not help. */
export const refuses = (error: unknown): boolean =>
  error instanceof NeedsAttention || error instanceof GiveUp || error instanceof InvalidInput;

/** What Temporal is told of it: a target that is down is asked again and again, and nobody hears of each time. */
export const failureAtTarget = (deps: Pick<ActivityDeps, 'now' | 'random'>, error: unknown): Error =>
  toFailure(error, {
    attempt: Context.current().info.attempt,
    failingForMs: 0,
    retry: targetRules,
    nowMs: deps.now(),
    random: deps.random(),
    quiet: true,
  });

/** Then it is asked for less and less often: a worker hands its file on within seconds, a person reads it for minutes. */
const SOON_AGAIN = 8;

/** What is soon asked for again, and still not to be had, is left to the backoff: its attempts would be over within a minute. */
export const patient = (error: unknown, attempt: number): unknown =>
  error instanceof RetryLater && (error.afterMs ?? 0) > 0 && attempt > SOON_AGAIN
    ? new RetryLater(error.message, { at: error.at, cause: error.cause })
    : error;

/** One step of work on a target that somebody has asked for. It may be silent for long; a target that is down is asked again and again. */
export async function targetStep<T>(
  deps: ActivityDeps,
  work: (context: StepContext) => Promise<T>,
): Promise<T | Refused> {
  const context = Context.current();
  let beat: unknown = null;
  // Whoever asked for it has said how long silence may last.
  const silentMs = Math.min(deps.heartbeatTimeoutMs, context.info.heartbeatTimeoutMs ?? Infinity);
  const alive = setInterval(() => context.heartbeat(beat), Math.min(5 * SECOND, silentMs / 4));
  try {
    return await work({
      signal: context.cancellationSignal,
      heartbeat: (progress) => context.heartbeat((beat = progress)),
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    if (refuses(error)) return { state: 'refused', reason: explain(error) };
    throw failureAtTarget(deps, patient(error, context.info.attempt));
  } finally {
    clearInterval(alive);
  }
}
