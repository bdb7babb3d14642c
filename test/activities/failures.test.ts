import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { toFailure } from '../../activities/failures.ts';
import {
  GiveUp,
  InvalidInput,
  NeedsAttention,
  PartnerDown,
  RetryLater,
  Throttled,
  WarehouseUnavailable,
} from '../../core/errors.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const at = { partner: 'acme', stream: 'orders', page: 3, status: 500 };
const failureOf = (error: unknown, { attempt = 1, failingForMs = 0 } = {}): ApplicationFailure => {
  const failure = toFailure(error, {
    attempt,
    failingForMs,
    retry: { attempts: 3, base: 1000, cap: 60_000, total: 3_600_000 },
    nowMs,
    random: 0.5,
  });
  if (!(failure instanceof ApplicationFailure)) throw new Error('expected an ApplicationFailure');
  return failure;
};

describe('toFailure', () => {
  test.each([
    ['NeedsAttention', new NeedsAttention('token revoked', { at }), 1, true, undefined],
    ['GiveUp', new GiveUp('wrong', { at }), 1, true, undefined],
    ['InvalidInput', new InvalidInput('no such stream', { at }), 1, true, undefined],
    ['RetryLater', new RetryLater('502', { at }), 1, false, 500],
    ['RetryLater', new RetryLater('502', { at }), 2, false, 1000],
    ['RetryLater', new RetryLater('503', { at, afterMs: 7000 }), 2, false, 7000],
    ['RetryLater', new RetryLater('at once', { at, afterMs: 0 }), 1, false, 1],
    ['RetryLater', new RetryLater('the last attempt', { at }), 3, true, 2000],
    ['PartnerDown', new PartnerDown('not answering', { at, afterMs: 7000 }), 99, false, 7000],
    ['WarehouseUnavailable', new WarehouseUnavailable('away', { at }), 99, false, 30_000],
    ['Throttled', new Throttled('429', { at, resumeAt: '2026-01-01T00:00:10Z' }), 99, false, 10_125],
    ['Throttled', new Throttled('429', { at, resumeAt: '2025-12-31T00:00:00Z' }), 1, false, 126],
  ])('makes a %s what it is', (type, error, attempt, nonRetryable, delay) => {
    const failure = failureOf(error, { attempt });
    expect(failure).toMatchObject({ type, message: error.message, nonRetryable, details: [at] });
    expect(failure.nextRetryDelay ?? undefined).toBe(delay);
  });

  test('lets a partner be down for as long as failing may take in all, without an alarm', () => {
    const error = new PartnerDown('acme is not answering: answered 502', { at, afterMs: 7000 });
    expect(failureOf(error, { attempt: 99, failingForMs: 3_599_999 })).toMatchObject({
      nonRetryable: false,
      category: ApplicationFailureCategory.BENIGN,
    });
    expect(failureOf(error, { failingForMs: 3_600_000 })).toMatchObject({ nonRetryable: true });
  });

  test('counts what nobody expected as a failure to be repeated, and ends after the last attempt', () => {
    const error = new TypeError('x is undefined');
    expect(failureOf(error)).toMatchObject({ type: 'Unexpected', nonRetryable: false, nextRetryDelay: 500 });
    expect(failureOf(error, { attempt: 3 })).toMatchObject({ type: 'Unexpected', nonRetryable: true });
    expect(failureOf('a text')).toMatchObject({ type: 'Unexpected', message: 'a text' });
  });

  test('says the causes, and sends none of their properties along', () => {
    const cause = Object.assign(new Error('socket hang up'), {
      config: { headers: { authorization: 'Bearer s3cret' } },
    });
    const failure = failureOf(new RetryLater('acme orders page 3', { at, cause }));
    expect(failure.message).toBe('acme orders page 3: socket hang up');
    expect(failure.cause).toBeUndefined();
    expect(JSON.stringify(failure)).not.toContain('s3cret');
  });

  test('leaves what is Temporal’s already as it is', () => {
    const context = {
      attempt: 1,
      failingForMs: 0,
      retry: { attempts: 3, base: 1, cap: 1, total: 1000 },
      nowMs,
      random: 0,
    };
    for (const failure of [new CancelledFailure('cancelled'), ApplicationFailure.nonRetryable('no')])
      expect(toFailure(failure, context)).toBe(failure);
  });
});
