import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
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

  const epochSeconds = nowMs / 1000 + 30;
  test.each([
    [String(epochSeconds), 30_000],
    [String(epochSeconds * 1000), 30_000],
    [String(epochSeconds - 60), 0],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['Tue, 24 Nov 2026 11:00:30 +0100', 30_000],
    ['2026-11-24T10:01Z', 60_000],
  ])('%j, as some send it, asks to wait %i ms', (value, waitMs) => {
    expect(read(value)).toEqual({ waitMs, cut: false });
  });

  test('whatever a partner sends, the wait is a number from 0 to the cap', () => {
    const dates = fc.date({ noInvalidDate: true }).map((date) => date.toUTCString());
    const values = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.bigInt().map(String),
      dates,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.stringMatching(/^\d{1,40}(\.\d{1,5})?$/),
      fc.stringMatching(/^(\d{1,20}[dhms]){1,4}$/),
    );
    fc.assert(
      fc.property(values, fc.option(fc.oneof(dates, fc.string()), { nil: undefined }), fc.nat(), (value, date, cap) => {
        const wait = readRetryAfter({ value, date, nowMs, maxWaitMs: cap });
        expect(wait === undefined || (wait.waitMs >= 0 && wait.waitMs <= cap)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
