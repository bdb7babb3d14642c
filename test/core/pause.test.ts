import { describe, expect, test } from '@jest/globals';
import type { BucketView, LimitsView } from '../../core/limits-view.ts';
import { nextLookMs } from '../../core/next-look.ts';
import { pauseOf } from '../../core/pause.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const at = (seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
const view: LimitsView = {
  partner: 'acme',
  at: at(0),
  factor: 1,
  blocked: null,
  told: null,
  circuit: null,
  buckets: [],
  alerts: [],
};
const quota: BucketView = {
  name: 'daily',
  kind: 'quota',
  counts: 'requests',
  periodMs: null,
  per: 'day',
  declared: 10,
  effective: 10,
  override: null,
  used: 10,
  left: 0,
  resetsAt: at(3600),
  zone: 'UTC',
  pacePerHour: null,
  goneAt: null,
  hasFreeCalls: false,
};
const circuit = { state: 'open', since: at(-60), openUntil: at(120), lastError: 'answered 500', advice: '' } as const;

const blocked = (seconds: number): LimitsView => ({ ...view, blocked: { until: at(seconds), cause: '' } });

describe('the queue is paused only when nobody can send for long', () => {
  test.each<[string, Partial<LimitsView>, number | null]>([
    ['nothing is wrong', {}, null],
    ['a refusal for a minute', { blocked: { until: at(60), cause: 'answered 429' } }, 60],
    ['a refusal for ten seconds', { blocked: { until: at(10), cause: 'answered 429' } }, null],
    ['a quota that is used up', { buckets: [quota] }, 3600],
    ['a quota that is kept for critical work', { buckets: [{ ...quota, used: 9, left: 1 }] }, null],
    ['a quota that is used up, with calls that are free', { buckets: [{ ...quota, hasFreeCalls: true }] }, null],
    ['a rolling window that is full', { buckets: [{ ...quota, kind: 'window', resetsAt: null }] }, null],
    ['the partner says that nothing is left', { told: { left: 0, until: at(30) } }, 30],
    ['the partner says that something is left', { told: { left: 1, until: at(30) } }, null],
    ['an open circuit', { circuit }, 120],
    ['a circuit whose probe is under way', { circuit: { ...circuit, state: 'probing' } }, null],
    [
      'several: the last counts',
      { circuit, blocked: { until: at(60), cause: '' }, told: { left: 0, until: at(30) } },
      120,
    ],
  ])('%s', (_, change, seconds) => {
    const pause = pauseOf({ ...view, ...change }, { nowMs, paused: false });
    expect(pause?.until ?? null).toBe(seconds === null ? null : at(seconds));
  });

  test('a pause that stands ends shortly before its time, not when ten seconds are left', () => {
    expect(pauseOf(blocked(5), { nowMs, paused: true })).toBeDefined();
    expect(pauseOf(blocked(1.5), { nowMs, paused: true })).toBeUndefined();
  });
});

describe('the governor looks again', () => {
  const times = { lookMs: 60_000, pausedLookMs: 300_000, quietMs: 86_400_000 };
  const idle = { pause: null, slowed: false, working: false, troubled: false, nowMs, times };
  test.each([
    ['when a day has passed without work, and then ends', {}, 86_400_000, true],
    ['in a minute while work goes on', { working: true }, 60_000, false],
    ['in a minute while the speed climbs back', { slowed: true }, 60_000, false],
    ['when a pause is to end', { pause: { until: at(60), cause: '' } }, 58_500, false],
    ['now and then during a long pause', { pause: { until: at(3600), cause: '' } }, 300_000, false],
    ['soon after a pause that should be over', { pause: { until: at(-60), cause: '' } }, 500, false],
    ['at leisure when it cannot look', { pause: { until: at(-60), cause: '' }, troubled: true }, 86_400_000, true],
    ['in a minute when it cannot look at work', { working: true, troubled: true }, 60_000, false],
  ])('%s', (_, change, waitMs, quiet) => {
    expect(nextLookMs({ ...idle, ...change })).toMatchObject({ waitMs, quiet });
  });
});
