import { describe, expect, test } from '@jest/globals';
import { deferralOf } from '../../activities/pull/deferral.ts';
import { GiveUp, InvalidInput, NeedsAttention, RetryLater, Throttled } from '../../core/errors.ts';

const nowMs = Date.parse('2026-11-24T00:00:00Z');
const retry = { attempts: 8, base: 1000, cap: 60_000, total: 3_600_000 };
const at = { pages: 0, idleGrants: 0, retry, nowMs, random: 0.5 };
const throttled = new Throttled('slow down', { resumeAt: '2026-11-24T00:00:10.000Z' });

describe('deferralOf', () => {
  test('a limit waits until its reset, with or without pages', () => {
    for (const pages of [0, 3])
      expect(deferralOf(throttled, { ...at, pages })).toEqual({
        until: '2026-11-24T00:00:10.000Z',
        cause: 'slow down',
        reason: 'limit',
      });
  });

  test('a partner that goes on refusing is asked ever more rarely', () => {
    const waits = [1, 5, 7, 20].map((idleGrants) => deferralOf(throttled, { ...at, idleGrants })?.until);
    expect(waits).toEqual([
      '2026-11-24T00:00:10.000Z',
      '2026-11-24T00:00:12.000Z',
      '2026-11-24T00:00:45.000Z',
      '2026-11-24T00:00:45.000Z',
    ]);
  });

  test('a failure after some pages goes back to the workflow, after the wait it asks for', () => {
    expect(deferralOf(new RetryLater('500'), { ...at, pages: 1 })).toMatchObject({
      until: '2026-11-24T00:00:00.500Z',
      reason: 'failure',
    });
    expect(deferralOf(new RetryLater('500', { afterMs: 7000 }), { ...at, pages: 1 })?.until).toBe(
      '2026-11-24T00:00:07.000Z',
    );
  });

  test('a failure without any page is left to the retry', () => {
    expect(deferralOf(new RetryLater('500'), at)).toBeUndefined();
  });

  test.each([new GiveUp('x'), new NeedsAttention('x'), new InvalidInput('x')])('%s is final', (error) => {
    expect(deferralOf(error, { ...at, pages: 5 })).toBeUndefined();
  });
});
