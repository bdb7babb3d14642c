import { describe, expect, test } from '@jest/globals';
import { DEFINED, isOurs, pauseIn, shouldSet, wantedRate, type QueueRate } from '../../core/queue-rate.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const at = (seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
const pause = { until: at(60), cause: 'answered 429: too many requests, until 2030-01-01T00:00:00.000Z they say' };
const paused = (seconds: number): QueueRate =>
  wantedRate({ rate: 10, factor: 1, nowMs, pause: { ...pause, until: at(seconds) } });
const defined: QueueRate = { rate: 10, reason: DEFINED };
const unlimited: QueueRate = { rate: undefined, reason: undefined };
const slowed = wantedRate({ rate: 10, factor: 0.7, pause: undefined, nowMs });

test('a pause is a rate of 0 whose reason says until when and why', () => {
  expect(paused(60).rate).toBe(0);
  expect(pauseIn(paused(60))).toEqual(pause);
});
test('a cut speed cuts the rate, until a time at which it has climbed back for sure', () => {
  expect(slowed.rate).toBeCloseTo(7);
  expect(slowed.reason).toMatch(/^syncline: 70 % of the defined rate until 2026-11-24T12:03:00\.000Z/);
});
test('without a rate there is nothing to cut, but all can be paused', () => {
  expect(wantedRate({ rate: undefined, factor: 0.5, pause: undefined, nowMs }).rate).toBeUndefined();
  expect(wantedRate({ rate: undefined, factor: 0.5, pause, nowMs }).rate).toBe(0);
});

describe('whoever looks leaves alone what a person has set', () => {
  test.each([
    { rate: 0, reason: 'their API is on fire' },
    { rate: 0, reason: '' },
    { rate: 3, reason: undefined },
    { rate: 0, reason: 'paused until 2020-01-01T00:00:00.000Z: not ours by its look' },
  ])('%j', (present) => {
    expect(isOurs(present)).toBe(false);
    expect(pauseIn(present)).toBeNull();
    for (const as of ['governor', 'worker'] as const)
      for (const wanted of [defined, unlimited, paused(60)])
        expect(shouldSet(present, wanted, { as, nowMs })).toBe(false);
  });
});

const cases: readonly [string, QueueRate, QueueRate, 'governor' | 'worker', boolean][] = [
  ['the governor pauses a defined rate', defined, paused(60), 'governor', true],
  ['the governor pauses an unlimited queue', unlimited, paused(60), 'governor', true],
  ['the governor leaves a pause that is as wanted', paused(60), paused(60), 'governor', false],
  ['the governor makes a pause longer', paused(60), paused(90), 'governor', true],
  ['the governor ends its pause early', paused(60), defined, 'governor', true],
  ['the governor ends a pause of an unlimited queue', paused(60), unlimited, 'governor', true],
  ['the governor climbs back', slowed, defined, 'governor', true],
  ['a worker sets the rate of a new queue', unlimited, defined, 'worker', true],
  ['a worker follows a changed definition', { rate: 5, reason: DEFINED }, defined, 'worker', true],
  ['a worker leaves a rate that is as wanted', defined, defined, 'worker', false],
  ['a worker leaves a pause that goes on', paused(60), defined, 'worker', false],
  ['a worker leaves a pause that has just ended to the governor', paused(-4), defined, 'worker', false],
  ['a worker ends a pause that nobody has ended', paused(-6), defined, 'worker', true],
  ['a worker ends it for an unlimited queue', paused(-6), unlimited, 'worker', true],
  ['a worker leaves a cut rate that climbs back', slowed, defined, 'worker', false],
  [
    'a rate of 32 bits is the same rate',
    { rate: Math.fround(0.1), reason: DEFINED },
    { rate: 0.1, reason: DEFINED },
    'worker',
    false,
  ],
];
test.each(cases)('%s', (_, present, wanted, as, expected) => {
  expect(shouldSet(present, wanted, { as, nowMs })).toBe(expected);
});
test('a worker ends a cut rate that nobody has ended', () => {
  expect(shouldSet(slowed, defined, { as: 'worker', nowMs: nowMs + 200_000 })).toBe(true);
});
