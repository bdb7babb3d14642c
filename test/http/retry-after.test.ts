import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readRateLimitReset } from '../../http/rate-limit-reset.ts';
import { readRetryAfter } from '../../http/retry-after.ts';

const nowMs = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const read = (value: string | undefined, date?: string) => readRetryAfter({ value, date, nowMs, maxWaitMs: HOUR });

describe('readRetryAfter', () => {
  test.each([
    ['120', 120_000],
    [' 5 ', 5000],
    ['0', 0],
    ['2.0', 2000],
    ['0.25', 250],
    ['Tue, 24 Nov 2026 10:00:30 GMT', 30_000],
    ['Tuesday, 24-Nov-26 10:00:30 GMT', 30_000],
    ['Tue Nov 24 10:00:30 2026', 30_000],
    ['2026-11-24T10:00:30Z', 30_000],
    ['2026-11-24T11:00:30+01:00', 30_000],
    ['Tue, 24 Nov 2026 09:00:00 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sun Nov  6 08:49:37 1994', 0],
  ])('%j asks to wait %i ms', (value, waitMs) => {
    expect(read(value)).toEqual({ waitMs, cut: false });
  });

  test.each(['3601', '1000000000', '9'.repeat(400), 'Wed, 24 Nov 2027 10:00:00 GMT'])(
    '%j is cut to the cap',
    (value) => {
      expect(read(value)).toEqual({ waitMs: HOUR, cut: true });
    },
  );

  test.each([
    undefined,
    '',
    'soon',
    '-5',
    '0x10',
    '1e3',
    '5 s',
    '5, 10',
    'Tue, 31 Feb 2026 10:00:00 GMT',
    'NaN',
    '2026-11-24',
  ])('%j says nothing', (value) => {
    expect(read(value)).toBeUndefined();
  });

  test("a date is measured against the partner's clock, however wrong that is", () => {
    expect(read('Tue, 24 Nov 2026 08:00:30 GMT', 'Tue, 24 Nov 2026 08:00:00 GMT')).toEqual({
      waitMs: 30_000,
      cut: false,
    });
    expect(read('120', 'Tue, 24 Nov 2026 08:00:00 GMT')).toEqual({ waitMs: 120_000, cut: false });
    expect(read('Tue, 24 Nov 2026 10:00:30 GMT', 'garbage')).toEqual({ waitMs: 30_000, cut: false });
  });

  test('whatever a partner sends, the wait is a number from 0 to the cap', () => {
    const dates = fc.date({ noInvalidDate: true }).map((date) => date.toUTCString());
    const values = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.bigInt().map(String),
      dates,
      fc.stringMatching(/^\d{1,40}(\.\d{1,5})?$/),
    );
    fc.assert(
      fc.property(values, fc.option(fc.oneof(dates, fc.string()), { nil: undefined }), fc.nat(), (value, date, cap) => {
        const waits = [
          readRetryAfter({ value, date, nowMs, maxWaitMs: cap }),
          readRateLimitReset({
            headers: { 'x-ratelimit-reset': value, ...(date === undefined ? {} : { date }) },
            nowMs,
            maxWaitMs: cap,
          }),
        ];
        for (const wait of waits) {
          if (wait === undefined) continue;
          expect(wait.waitMs).toBeGreaterThanOrEqual(0);
          expect(wait.waitMs).toBeLessThanOrEqual(cap);
        }
      }),
    );
  });
});

describe('readRateLimitReset', () => {
  const epochSeconds = nowMs / 1000 + 30;
  test.each([
    [{ 'x-ratelimit-reset': String(epochSeconds) }, 30_000],
    [{ 'x-ratelimit-reset': String(epochSeconds * 1000) }, 30_000],
    [{ 'ratelimit-reset': '41' }, 41_000],
    [{ 'x-rate-limit-reset': '2026-11-24T10:00:30Z' }, 30_000],
    [{ ratelimit: '"burst";r=0;t=5, "daily";r=0;t=90' }, 90_000],
    [{ ratelimit: 'limit=100, remaining=0, reset=5' }, 5000],
    [{ ratelimit: '"default";r=0;t=5', 'x-ratelimit-reset': '7' }, 7000],
    [{ 'x-ratelimit-reset': String(epochSeconds - 7200), date: 'Tue, 24 Nov 2026 08:00:00 GMT' }, 30_000],
  ] as [Record<string, string>, number][])('%j means %i ms', (headers, waitMs) => {
    expect(readRateLimitReset({ headers, nowMs, maxWaitMs: HOUR })).toEqual({ waitMs, cut: false });
  });

  test.each([{}, { 'x-ratelimit-reset': 'later' }, { 'x-ratelimit-reset': '1000000000' }, { ratelimit: '"a";r=4' }])(
    '%j says nothing',
    (headers) => {
      expect(readRateLimitReset({ headers, nowMs, maxWaitMs: HOUR })).toBeUndefined();
    },
  );
});
