import { expect, test } from '@jest/globals';
import { patient } from '../../activities/apply/target-step.ts';
import { targetRules } from '../../activities/apply/telling.ts';
import { toFailure } from '../../activities/failures.ts';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { RetryLater } from '../../core/errors.ts';

const inUse = new RetryLater('lake.duckdb is in use by process 7', { afterMs: SECOND });

/** How long Temporal waits before each of 20 attempts, ms. */
const waits = Array.from({ length: 19 }, (_, index) => {
  const attempt = index + 1;
  const context = { attempt, failingForMs: 0, retry: targetRules, nowMs: 0, random: 0.5, quiet: true };
  return Number((toFailure(patient(inUse, attempt), context) as { nextRetryDelay?: unknown }).nextRetryDelay);
});

test('a file that another process has open is soon asked for again, and for minutes', () => {
  expect(waits.slice(0, 8).every((ms) => ms >= SECOND && ms < 2 * SECOND)).toBe(true);
  expect(waits.reduce((sum, ms) => sum + ms)).toBeGreaterThan(5 * MINUTE);
});

test('what is to be looked at again at once is not kept waiting', () => {
  const changed = new RetryLater('somebody has changed it', { afterMs: 0 });
  expect(patient(changed, 20)).toBe(changed);
});
