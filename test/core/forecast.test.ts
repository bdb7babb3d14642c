import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { HOUR, MINUTE } from '../../core/duration.ts';
import { exhaustionOf, paceOf, type UseSample } from '../../core/forecast.ts';

const NOW = Date.UTC(2026, 10, 24, 12);

/** One sample a minute, the last one now; `perMinute` goes back in time. */
function samplesOf(perMinute: readonly number[], startUsed = 0): readonly UseSample[] {
  const increments = perMinute.toReversed();
  let used = startUsed;
  return [0, ...increments].map((increment, i) => {
    used += increment;
    return { atMs: NOW - (increments.length - i) * MINUTE, used };
  });
}

const perHour = (pace: number | undefined): number => (pace ?? Number.NaN) * HOUR;

describe('the pace', () => {
  test('is not known from two samples: one increment is chance', () => {
    expect(paceOf(samplesOf([10]), NOW)).toBeUndefined();
    expect(paceOf(samplesOf([10, 10]), NOW)).toBeDefined();
  });

  test('of constant use is that use, whatever was used before and whenever the samples were taken', () => {
    const gaps = fc.array(fc.integer({ min: 1000, max: 4 * MINUTE }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(gaps, fc.double({ min: 0.001, max: 1000, noNaN: true }), fc.nat(1e6), (gapsMs, perSecond, before) => {
        let atMs = NOW - gapsMs.reduce((a, b) => a + b, 0);
        let used = before;
        const samples = [{ atMs, used }];
        for (const gapMs of gapsMs) {
          atMs += gapMs;
          used += (perSecond * gapMs) / 1000;
          samples.push({ atMs, used });
        }
        expect(perHour(paceOf(samples, NOW)) / 3600 / perSecond).toBeCloseTo(1, 3);
      }),
    );
  });

  test('is that of the last minutes, not the mean of the day', () => {
    const lately = paceOf(samplesOf([10, 10, 10, 10, 10, ...Array.from({ length: 20 }, () => 0)]), NOW);
    expect(perHour(lately)).toBeGreaterThan(280);
    const before = paceOf(samplesOf([...Array.from({ length: 20 }, () => 0), 10, 10, 10, 10, 10]), NOW);
    expect(perHour(before)).toBeLessThan(40);
  });

  test('forgets what is older than half an hour', () => {
    const old = samplesOf(Array.from({ length: 120 }, () => 5)).filter(({ atMs }) => atMs < NOW - 40 * MINUTE);
    expect(paceOf(old, NOW)).toBeUndefined();
  });

  test('is never negative, though a rolling window gives back and costs are set right', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 3, maxLength: 20 }), (uses) => {
        const samples = uses.map((used, i) => ({ atMs: NOW - (uses.length - i) * MINUTE, used }));
        expect(paceOf(samples, NOW)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('the exhaustion', () => {
  const use = { used: 400, cap: 500, nowMs: NOW, resetsAtMs: NOW + 12 * HOUR };

  test('comes when the rest is used at this pace', () => {
    expect(exhaustionOf({ ...use, pace: 50 / HOUR })).toBe(NOW + 2 * HOUR);
  });
  test('is not forecast when the reset comes first', () => {
    expect(exhaustionOf({ ...use, pace: 8 / HOUR })).toBeUndefined();
    expect(exhaustionOf({ ...use, pace: 8 / HOUR, resetsAtMs: undefined })).toBe(NOW + 12.5 * HOUR);
  });
  test('is not forecast without a pace, or with none to speak of', () => {
    expect(exhaustionOf({ ...use, pace: undefined })).toBeUndefined();
    expect(exhaustionOf({ ...use, pace: 0 })).toBeUndefined();
    expect(exhaustionOf({ ...use, pace: 1e-300, resetsAtMs: undefined })).toBeUndefined();
  });
  test('is now when nothing is left', () => {
    expect(exhaustionOf({ ...use, used: 500, pace: undefined })).toBe(NOW);
    expect(exhaustionOf({ ...use, used: 900, pace: 1 })).toBe(NOW);
  });
  test('never lies in the past nor after the reset, and comes sooner with more use', () => {
    const positive = fc.double({ min: 1e-9, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 1000 }), positive, (used, cap, pace) => {
        const at = exhaustionOf({ ...use, used, cap, pace });
        const later = exhaustionOf({ ...use, used: used + 1, cap, pace });
        fc.pre(at !== undefined);
        expect(at).toBeGreaterThanOrEqual(NOW);
        expect(at).toBeLessThan(use.resetsAtMs);
        expect(later).toBeLessThanOrEqual(at);
      }),
    );
  });
});
