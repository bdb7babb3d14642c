import { describe, expect, test } from '@jest/globals';
import { boundsOf, checkPlan, type AskedPlan } from '../../core/backfill-plan.ts';
import { cutWindows } from '../../core/cut-windows.ts';
import { HOUR } from '../../core/duration.ts';
import { parseWindow } from '../../core/window.ts';
import { startOfDay } from '../../core/zone.ts';

const NOW = Date.parse('2026-11-24T12:00:30Z');
const asked: AskedPlan = { from: '2026-01-01', to: '2026-01-05', chunk: '1d', zone: undefined, order: 'oldest' };
const windowsOf = (change: Partial<AskedPlan>): readonly string[] =>
  cutWindows(checkPlan({ ...asked, ...change }, NOW));
const at = (ms: number): string => new Date(ms).toISOString();

describe('a range is cut', () => {
  test.each<[string, Partial<AskedPlan>, readonly string[]]>([
    ['into days', { to: '2026-01-03' }, ['2026-01-01..2026-01-01', '2026-01-02..2026-01-02', '2026-01-03..2026-01-03']],
    ['the newest first', { to: '2026-01-02', order: 'newest' }, ['2026-01-02..2026-01-02', '2026-01-01..2026-01-01']],
    ['with a shorter last one', { chunk: '3d' }, ['2026-01-01..2026-01-03', '2026-01-04..2026-01-05']],
    [
      'into hours, from days',
      { to: '2026-01-01', chunk: '12h' },
      ['2026-01-01T00:00:00Z..2026-01-01T12:00:00Z', '2026-01-01T12:00:00Z..2026-01-02T00:00:00Z'],
    ],
    [
      'from times, by their own hour',
      { from: '2026-01-01T22:30:00+01:00', to: '2026-01-03T00:00:00.500Z' },
      ['2026-01-01T21:30:00Z..2026-01-02T21:30:00Z', '2026-01-02T21:30:00Z..2026-01-03T00:00:00.500Z'],
    ],
    [
      'into days of a zone, of which one has 23 hours',
      { from: '2026-03-28', to: '2026-03-30', zone: 'Europe/Berlin' },
      [
        '2026-03-27T23:00:00Z..2026-03-28T23:00:00Z',
        '2026-03-28T23:00:00Z..2026-03-29T22:00:00Z',
        '2026-03-29T22:00:00Z..2026-03-30T22:00:00Z',
      ],
    ],
    [
      'without the day that a zone left out',
      { from: '2011-12-29', to: '2011-12-31', zone: 'Pacific/Apia' },
      ['2011-12-29T10:00:00Z..2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z..2011-12-31T10:00:00Z'],
    ],
  ])('%s', (_, change, windows) => {
    expect(windowsOf(change)).toEqual(windows);
  });

  test.each<[string, Partial<AskedPlan>]>([
    ['a year of UTC', { from: '2024-01-01', to: '2024-12-31' }],
    ['a year where clocks change', { from: '2025-01-01', to: '2025-12-31', zone: 'America/New_York' }],
    [
      'a year where midnight is skipped and doubled',
      { from: '2018-01-01', to: '2018-12-31', zone: 'America/Sao_Paulo' },
    ],
    ['weeks', { from: '2025-01-01', to: '2025-12-31', chunk: '1w', zone: 'Australia/Lord_Howe' }],
    ['half hours', { from: '2026-01-01', to: '2026-02-28', chunk: '30m' }],
  ])('without gap or overlap: %s', (_, change) => {
    const plan = checkPlan({ ...asked, ...change }, NOW);
    const ranges = cutWindows(plan).map(parseWindow);
    const { from, to } = boundsOf(plan);
    expect(ranges.length).toBeGreaterThan(50);
    expect([ranges[0]?.from, ranges.at(-1)?.to]).toEqual([at(from), at(to)]);
    expect(ranges.slice(1).map((range) => range.from)).toEqual(ranges.slice(0, -1).map((range) => range.to));
    expect(new Set(ranges.map((range) => range.kind))).toEqual(new Set(['range']));
  });
});

test.each([
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
  // There the clock went from 23:59 to 1:00.
  ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z'],
  ['2026-01-01', 'Pacific/Pago_Pago', '2026-01-01T11:00:00.000Z'],
  ['2026-01-01', 'Asia/Kathmandu', '2025-12-31T18:15:00.000Z'],
])('the day %s begins in %s at %s', (day, zone, start) => {
  expect(at(startOfDay(day, zone))).toBe(start);
});

test('a zone’s year is as long as its days', () => {
  const days = windowsOf({ from: '2025-01-01', to: '2025-12-31', zone: 'Europe/Berlin' }).map(parseWindow);
  const hours = days.map(({ from, to }) => (Date.parse(to) - Date.parse(from)) / HOUR);
  expect(hours.filter((length) => length !== 24)).toEqual([23, 25]);
});

test('one range is written in one way', () => {
  const plan = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', chunk: '1d', zone: null, order: 'oldest' };
  const other = { from: '2026-01-01T01:00:00.000+01:00', to: '2026-01-02T00:00Z', chunk: '24h', zone: 'UTC' };
  expect(checkPlan({ ...asked, ...other }, NOW)).toEqual(plan);
  expect(checkPlan({ ...asked, chunk: '1w' }, NOW).chunk).toBe('7d');
});

describe('what makes no windows is refused with what to do', () => {
  test.each<[Partial<AskedPlan>, RegExp]>([
    [{ from: 'May' }, /^--from: expected a day \(2026-01-31\) or a time .*, found "May"$/],
    [{ to: '2026-02-30' }, /^--to: expected a day .*, found "2026-02-30"$/],
    [{ to: '2025-12-30' }, /^--to: expected an end after --from 2026-01-01, found "2025-12-30"$/],
    [{ to: '2026-11-24' }, /^--to: expected 2026-11-23 or earlier, found "2026-11-24": a window that is not over yet/],
    [{ to: '2026-11-24T12:01:00Z' }, /^--to: expected 2026-11-24T12:00:00Z or earlier/],
    [{ to: '2026-11-24', zone: 'America/New_York' }, /^--to: expected 2026-11-23 or earlier/],
    [{ chunk: '1' }, /^--chunk: expected whole minutes, hours, days or weeks \(30m, 6h, 1d, 2w\), found "1"$/],
    [{ chunk: '90s' }, /^--chunk: expected whole minutes/],
    [{ chunk: '1m', to: '2026-01-31' }, /^--chunk: 1m cuts the range into 44640 windows; expected 10000 at most/],
    [{ zone: 'Berlin' }, /^--zone: expected a time zone such as Europe\/Berlin, found "Berlin"$/],
    [{ zone: 'Europe/Berlin', chunk: '6h' }, /^--zone: expected --from and --to as days and --chunk in days with it/],
    [{ order: 'up' }, /^--order: expected oldest or newest, found "up"$/],
  ])('%j', (change, says) => {
    expect(() => windowsOf(change)).toThrow(says);
  });
});
