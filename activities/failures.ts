import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { backoffMs } from '../core/backoff.ts';
import {
  explain,
  GiveUp,
  InvalidInput,
  NeedsAttention,
  NotReady,
  PartnerDown,
  RetryLater,
  Throttled,
  WarehouseUnavailable,
} from '../core/errors.ts';

export interface RetryRules {
  /** Failures in a row before the stream fails. */
  readonly attempts: number;
  readonly base: number;
  readonly cap: number;
  /** Time since the first of them after which it fails all the same. */
  readonly total: number;
}

export interface FailureContext {
  readonly attempt: number;
  /** Since the first failure in a row. */
  readonly failingForMs: number;
  readonly retry: RetryRules;
  readonly nowMs: number;
  readonly random: number;
  /** Expected to happen, and to pass: no failure to be woken for. */
  readonly quiet?: boolean;
}

/**
 * The one place where our errors become Temporal's. Messages hold coordinates only. Retried failures carry their own
 * delay with full jitter, since the server's backoff has none.
 */
export function toFailure(error: unknown, context: FailureContext): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const message = explain(error);
  if (error instanceof NeedsAttention || error instanceof GiveUp || error instanceof InvalidInput)
    return ApplicationFailure.create({ type: error.name, message, nonRetryable: true, details: [error.at] });
  if (error instanceof Throttled)
    return ApplicationFailure.create({
      type: error.name,
      message,
      details: [error.at],
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: atLeast(Date.parse(error.resumeAt) - context.nowMs) + Math.round(context.random * 250),
    });
  if (error instanceof NotReady)
    return ApplicationFailure.create({
      type: error.name,
      message,
      details: [error.at],
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: atLeast(Date.parse(error.resumeAt) - context.nowMs),
    });
  const after = error instanceof RetryLater ? error.afterMs : undefined;
  return ApplicationFailure.create({
    type: error instanceof RetryLater ? error.name : 'Unexpected',
    message,
    ...(error instanceof RetryLater ? { details: [error.at] } : {}),
    ...(error instanceof PartnerDown || context.quiet === true ? { category: ApplicationFailureCategory.BENIGN } : {}),
    nonRetryable: isSpent(error, context),
    nextRetryDelay: atLeast(
      after ??
        backoffMs({
          attempt: context.attempt,
          baseMs: context.retry.base,
          capMs: context.retry.cap,
          random: context.random,
        }),
    ),
  });
}

function isSpent(error: unknown, { attempt, failingForMs, retry }: FailureContext): boolean {
  if (error instanceof WarehouseUnavailable) return false;
  if (failingForMs >= retry.total) return true;
  return attempt >= retry.attempts && !(error instanceof PartnerDown);
}

/** A delay of 0 is no delay to the server: it ends the activity with RETRY_STATE_TIMEOUT (seen with server 1.32). */
const atLeast = (delayMs: number): number => Math.max(1, delayMs);
