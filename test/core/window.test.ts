import { describe, expect, test } from '@jest/globals';
import { assert, date, integer, property } from 'fast-check';
import { DAY, HOUR } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { windowWithin } from '../../core/window-within.ts';
import { dayOf, parseWindow, rangeOf, readAsOf, sliceAt, sliceCount } from '../../core/window.ts';

const places =
  'a day (2026-11-24 or 2026-11-24@Europe/Berlin), days (2026-01-01..2026-01-31, both included), times (2026-01-01T00:00:00Z..2026-01-01T06:00:00Z) or what is new up to a time (..2026-01-01T06:00:00Z)';

describe('parseWindow', () => {
  test.each([
    ['2026-11-24', 'day', '2026-11-24T00:00:00.000Z', '2026-11-25T00:00:00.000Z'],
    ['2028-02-29', 'day', '2028-02-29T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    ['2026-12-31', 'day', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-01-01..2026-01-31', 'range', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    ['2026-01-01..2026-01-01', 'range', '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
    ['2026-01-01T00:00:00Z..2026-01-01T06:00:00Z', 'range', '2026-01-01T00:00:00.000Z', '2026-01-01T06:00:00.000Z'],
    ['2026-01-01T00:00+02:00..2026-01-02', 'range', '2025-12-31T22:00:00.000Z', '2026-01-03T00:00:00.000Z'],
  ])('%s is a %s', (label, kind, from, to) => {
    expect(parseWindow(label)).toEqual({ label, kind, from, to });
  });

  test.each([
    '',
    'yesterday',
    '2026-02-30',
    '2027-02-29',
    '2026-13-01',
    '2026-1-1',
    '2026-01-01..',
    '..2026-01-01',
    '2026-01-01..2026-01-02..2026-01-03',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00..2026-01-02T00:00:00',
    '2026-02-30T00:00:00Z..2026-03-05',
    '2026-01-01T25:00:00Z..2026-01-03',
  ])('refuses %j', (label) => {
    expect(() => parseWindow(label)).toThrow(
      new InvalidInput(`window: expected ${places}, found ${JSON.stringify(label)}`),
    );
  });

  test.each(['2026-01-02..2026-01-01', '2026-01-01T06:00:00Z..2026-01-01T06:00:00Z'])(
    'refuses %j, which ends before it starts',
    (label) => {
      expect(() => parseWindow(label)).toThrow(
        new InvalidInput(`window: expected an end after its start, found ${JSON.stringify(label)}`),
      );
    },
  );

  test('names the day of an instant in UTC', () => {
    expect(dayOf(Date.parse('2026-01-01T01:00:00+02:00'))).toBe('2025-12-31');
  });
});

describe('rangeOf', () => {
  const initial = '2025-01-01T00:00:00Z';
  const to = '2026-11-25T00:00:00.000Z';
  test.each([
    ['everything, the first time', '2026-11-24', null, 0, '2025-01-01T00:00:00.000Z', to],
    ['nothing before the initial time', '2026-11-24', null, HOUR, '2025-01-01T00:00:00.000Z', to],
    [
      'from the watermark after a missed night',
      '2026-11-24',
      '2026-11-20T10:00:00.123456789Z',
      0,
      '2026-11-20T10:00:00.123Z',
      to,
    ],
    [
      'from the watermark less the lookback',
      '2026-11-24',
      '2026-11-20T10:00:00.000000000Z',
      HOUR,
      '2026-11-20T09:00:00.000Z',
      to,
    ],
    [
      'the whole day when the watermark is later',
      '2026-11-24',
      '2026-11-24T22:00:00.000000000Z',
      0,
      '2026-11-24T00:00:00.000Z',
      to,
    ],
    [
      'a past day, though the watermark is beyond it',
      '2026-11-24',
      '2027-05-01T00:00:00.000000000Z',
      0,
      '2026-11-24T00:00:00.000Z',
      to,
    ],
    ['a range as given', '2026-11-20..2026-11-24', '2026-11-23T00:00:00.000000000Z', 0, '2026-11-20T00:00:00.000Z', to],
    [
      'a range before the initial time',
      '2024-06-01..2024-06-02',
      null,
      HOUR,
      '2024-05-31T23:00:00.000Z',
      '2024-06-03T00:00:00.000Z',
    ],
    [
      'a day before the initial time: that day',
      '2024-06-01',
      null,
      0,
      '2024-06-01T00:00:00.000Z',
      '2024-06-02T00:00:00.000Z',
    ],
  ])('reads %s', (_what, label, watermark, lookbackMs, from, end) => {
    expect(rangeOf({ window: parseWindow(label), watermark, initial, lookbackMs })).toEqual({ from, to: end });
  });

  test.each([
    ['all there is, where nothing says when to begin', '2026-11-24', null, null],
    [
      'from the watermark on then',
      '2026-11-24',
      '2026-11-20T10:00:00.000000000Z',
      { from: '2026-11-20T10:00:00.000Z', to },
    ],
    ['a range as given all the same', '2026-11-24..2026-11-24', null, { from: '2026-11-24T00:00:00.000Z', to }],
  ])('reads %s', (_what, label, watermark, range) => {
    expect(rangeOf({ window: parseWindow(label), watermark, initial: undefined, lookbackMs: 0 })).toEqual(range);
  });

  test('is never empty and always reaches the end of its window', () => {
    const time = date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
    assert(
      property(time, time, time, integer({ min: 0, max: 3 * DAY }), (day, mark, first, lookbackMs) => {
        const window = parseWindow(day.toISOString().slice(0, 10));
        const range = rangeOf({ window, watermark: mark.toISOString(), initial: first.toISOString(), lookbackMs });
        expect(range).not.toBeNull();
        expect(range!.from < range!.to).toBe(true);
        expect(range!.to).toBe(window.to);
      }),
    );
  });
});

describe('readAsOf', () => {
  const window = parseWindow('2026-11-24');
  test.each([
    ['when the run began', '2026-11-24T03:00:00.000Z', 0, '2026-11-24T03:00:00.000Z'],
    ['the lag before that', '2026-11-24T03:00:00.000Z', 5 * 60_000, '2026-11-24T02:55:00.000Z'],
    ['the beginning of a day that is caught up', '2026-11-26T03:00:00.000Z', HOUR, '2026-11-23T23:00:00.000Z'],
  ])('is %s', (_what, beganAt, lagMs, at) => {
    expect(readAsOf(window, { beganAt, lagMs })).toBe(at);
  });
});

describe('slices', () => {
  test('cover the range without a gap or an overlap, none longer than it may be', () => {
    assert(
      property(integer({ min: 1, max: 40 * DAY }), integer({ min: HOUR, max: 9 * DAY }), (lengthMs, sliceMs) => {
        const from = Date.parse('2026-01-01T00:00:00Z');
        const range = { from: new Date(from).toISOString(), to: new Date(from + lengthMs).toISOString() };
        let at = range.from;
        for (let i = 0; i < sliceCount(range, sliceMs); i++) {
          const slice = sliceAt(range, sliceMs, i)!;
          expect(slice.from).toBe(at);
          const length = Date.parse(slice.to) - Date.parse(slice.from);
          expect(length > 0 && length <= sliceMs).toBe(true);
          at = slice.to;
        }
        expect(at).toBe(range.to);
      }),
    );
  });

  test('are one where there is no range or no slice', () => {
    const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' };
    expect([sliceCount(null, HOUR), sliceCount(range, undefined)]).toEqual([1, 1]);
    expect(sliceAt(range, undefined, 0)).toBe(range);
    expect(sliceAt(null, HOUR, 0)).toBeNull();
  });
});

describe('windowWithin', () => {
  const night = '2026-11-24';
  test.each([
    [night, night, true],
    ['2026-11-25', night, false],
    ['2026-11-24@Europe/Berlin', night, true],
    ['2026-11-24@Europe/Berlin', '2026-11-24@Europe/Berlin', true],
    [night, '2026-11-24@Europe/Berlin', false],
    ['2026-11-25@Pacific/Apia', '2026-11-23..2026-11-24', false],
    ['2026-11-24@Pacific/Apia', '2026-11-23..2026-11-24', true],
    ['2026-11-24..2026-11-24', night, true],
    ['2026-11-23..2026-11-24', night, false],
    ['2026-11-23..2026-11-24', '2026-11-20..2026-11-24', true],
    ['2026-11-24T03:00:00Z..2026-11-24T06:00:00Z', night, true],
    ['2026-11-24T22:00:00Z..2026-11-25T01:00:00Z', night, false],
    ['..2026-11-24T00:00:00Z', night, false],
    ['..2026-11-24T03:00:00Z', night, true],
    ['..2026-11-25T00:00:00Z', night, true],
    ['..2026-11-24T03:00:00Z', '..2026-11-24T03:00:00Z', true],
    ['..2026-11-24T02:00:00Z', '..2026-11-24T03:00:00Z', false],
    ['2026-11-24@Europe/Berlin', '2026-11-23T00:00:00Z..2026-11-25T00:00:00Z', true],
    ['no window', night, false],
  ])('%s in %s: %s', (label, asked, expected) => {
    expect(windowWithin(label, asked)).toBe(expected);
  });

  test('refuses what is no window', () => {
    expect(() => windowWithin('2026-11-24', 'yesterday')).toThrow(InvalidInput);
  });
});
