import { describe, expect, test } from '@jest/globals';
import type { Unusual } from '../../core/alert-facts.ts';
import { judgePoint } from '../../alerts/unusual/judge-point.ts';
import type { Point } from '../../core/stream-point.ts';
import { long } from '../support/long.ts';
import { businesses, daysOf, holidays } from './volumes.ts';

/** What judging takes: enough days before the first one that counts. */
const BEFORE = 61;
const HISTORY = 70;
const year = { from: '2025-11-01', days: BEFORE + 365 };
const seeds = long ? Array.from({ length: 20 }, (_, n) => n + 1) : [1];

interface Told extends Unusual {
  readonly stream: number;
  readonly day: string;
}

/** All that is said of the streams of an installation over a year that declares no holidays. */
const tell = (seed: number): readonly Told[] =>
  businesses.flatMap((business, stream) => {
    const points = daysOf(business, { ...year, seed: seed * 100 + stream });
    return points.slice(BEFORE).flatMap((point, index) => {
      const at = BEFORE + index;
      const before = points.slice(Math.max(0, at - HISTORY), at);
      return judgePoint({ point, before }).map((one) => ({ ...one, stream, day: point.day }));
    });
  });

const years = seeds.map(tell);
const isHoliday = ({ day }: Told): boolean => holidays.has(day.slice(5));

describe.each(years.map((told) => [told]))('a year of twelve streams with seasons, holidays and growth', (told) => {
  // docs/alerts.md states both numbers.
  test('has at most 40 false alerts, and 10 on other days than holidays', () => {
    expect(told.length).toBeLessThanOrEqual(40);
    expect(told.filter((one) => !isHoliday(one)).length).toBeLessThanOrEqual(10);
  });

  test('has none of refusals and retries, since shares do not follow seasons', () => {
    expect(told.filter(({ kind }) => kind === 'refusals' || kind === 'retries')).toEqual([]);
  });
});

test('on a day that is declared to be quiet few rows are no news, and many are', () => {
  const points = daysOf(businesses[4]!, { ...year, days: 200, seed: 5 });
  const at = points.findIndex(({ day }) => day === '2026-05-14');
  const kindsWith = (rows: number, quiet: boolean): readonly string[] =>
    judgePoint({ point: { ...points[at]!, rows }, before: points.slice(at - HISTORY, at), quiet })
      .map(({ kind }) => kind)
      .filter((kind) => kind.endsWith('rows'));
  expect([kindsWith(0, false), kindsWith(900, false)]).toEqual([['no-rows'], ['rows']]);
  expect([kindsWith(0, true), kindsWith(900, true)]).toEqual([[], []]);
  expect(kindsWith(900_000, true)).toEqual(['rows']);
});

// By chance alone one in twenty installations has one: so a seed is fixed, and the long form states how many there are.
test('quiet months have no alert', () => {
  const quiet = years.map((told) => told.filter((one) => /^2026-0[26]/.test(one.day) && !isHoliday(one)));
  expect(quiet[0]).toEqual([]);
  expect(quiet.flat().length).toBeLessThanOrEqual(3);
});

/** On each Tuesday to Friday of a quiet month, what would be said if the point were another one. */
function foundOf(
  kind: Unusual['kind'],
  change: (point: Point) => Partial<Point>,
  streams = businesses.slice(0, 10),
): number {
  const days = streams.flatMap((business, stream) => {
    const points = daysOf(business, { ...year, seed: 700 + stream });
    return points.flatMap((point, at) => {
      if (!/^2026-0[26]/.test(point.day) || [0, 1, 6].includes(new Date(point.at).getUTCDay())) return [];
      const before = points.slice(at - HISTORY, at);
      return [judgePoint({ point: { ...point, ...change(point) }, before }).some((one) => one.kind === kind)];
    });
  });
  return days.filter(Boolean).length / days.length;
}

// Holidays and the end of a month make some weeks vary much, and what comes after them is judged mildly: the shares are as measured.
describe('what is wrong is found on the same day', () => {
  test('no rows, where there always were some', () => {
    expect(foundOf('no-rows', () => ({ rows: 0 }))).toBeGreaterThan(0.9);
  });

  test('nine of ten rows missing, in every stream but those of a few rows', () => {
    expect(foundOf('rows', ({ rows }) => ({ rows: Math.round(rows / 10) }))).toBeGreaterThan(0.8);
  });

  test('half of the rows missing, on most days in streams that hardly vary', () => {
    const steady = businesses.filter(({ noise }) => noise <= 0.1);
    expect(foundOf('rows', ({ rows }) => ({ rows: Math.round(rows / 2.2) }), steady)).toBeGreaterThan(0.6);
  });

  test('ten times as many rows', () => {
    expect(foundOf('rows', ({ rows }) => ({ rows: rows * 10 }))).toBeGreaterThan(0.8);
  });

  test('one call of ten refused', () => {
    expect(
      foundOf('refusals', ({ requests: before }) => {
        const requests = before + 30;
        return { requests, pages: requests, refused: Math.ceil(requests / 10) };
      }),
    ).toBe(1);
  });

  test('a third of the requests made again', () => {
    expect(foundOf('retries', ({ pages }) => ({ requests: 20 + pages * 1.5, pages: pages + 10 }))).toBeGreaterThan(
      0.95,
    );
  });

  test('answers that take ten times as long, and records of three times the size', () => {
    expect(foundOf('latency', ({ durationMs }) => ({ durationMs: durationMs * 10 }))).toBeGreaterThan(0.9);
    expect(foundOf('size', ({ bytes }) => ({ bytes: bytes * 3 }))).toBeGreaterThan(0.95);
  });
});

test('a partner that says that nothing has changed is not missed', () => {
  expect(foundOf('no-rows', () => ({ rows: 0, notModified: true }))).toBe(0);
});

test('a new stream is not judged before a second week', () => {
  const points = daysOf(businesses[4] ?? businesses[0]!, { from: '2026-02-02', days: 10, seed: 1 });
  for (const [at, point] of points.entries())
    expect(judgePoint({ point: { ...point, rows: 0 }, before: points.slice(0, at) })).toEqual([]);
});
