import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, integer, property } from 'fast-check';
import { DAY, HOUR } from '../../core/duration.ts';
import { windowOfSlot } from '../../core/schedule-slot.ts';
import { parseWindow, rangeOf } from '../../core/window.ts';
import { clockChanges, startOfDay } from '../../core/zone.ts';

const slot = (time: string, timeZone: string): string =>
  windowOfSlot({ slotMs: Date.parse(time), timeZone, covers: 'day' });
const hours = (label: string): number => {
  const { from, to } = parseWindow(label);
  return (Date.parse(to) - Date.parse(from)) / HOUR;
};

describe('a slot of a schedule', () => {
  test.each([
    ['2026-11-25T03:00:00Z', 'UTC', '2026-11-24'],
    ['2026-11-25T00:00:00Z', 'UTC', '2026-11-24'],
    ['2026-11-24T23:59:59Z', 'UTC', '2026-11-23'],
    ['2026-11-24T23:30:00Z', 'Europe/Berlin', '2026-11-24@Europe/Berlin'],
    ['2026-11-24T22:30:00Z', 'Europe/Berlin', '2026-11-23@Europe/Berlin'],
    ['2026-11-25T04:30:00Z', 'America/New_York', '2026-11-23@America/New_York'],
    ['2026-11-25T05:30:00Z', 'America/New_York', '2026-11-24@America/New_York'],
    // Samoa left out 2011-12-30.
    ['2011-12-30T11:00:00Z', 'Pacific/Apia', '2011-12-29@Pacific/Apia'],
  ])('at %s in %s stands for the day %s', (time, zone, window) => {
    expect(slot(time, zone)).toBe(window);
  });

  test('stands for all that is new where days are too long', () => {
    const window = windowOfSlot({
      slotMs: Date.parse('2026-11-25T03:15:00Z'),
      timeZone: 'Europe/Berlin',
      covers: 'sinceLast',
    });
    expect(window).toBe('..2026-11-25T03:15:00Z');
    const range = { window: parseWindow(window), initial: '2026-01-01T00:00:00Z', lookbackMs: 0 };
    expect(rangeOf({ ...range, watermark: null })).toEqual({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-11-25T03:15:00.000Z',
    });
    expect(rangeOf({ ...range, watermark: '2026-11-25T02:15:00.000Z' })).toEqual({
      from: '2026-11-25T02:15:00.000Z',
      to: '2026-11-25T03:15:00.000Z',
    });
  });

  test('gives days of 23, 24 and 25 hours where clocks change', () => {
    expect(hours('2026-03-29@Europe/Berlin')).toBe(23);
    expect(hours('2026-10-25@Europe/Berlin')).toBe(25);
    expect(hours('2026-10-26@Europe/Berlin')).toBe(24);
    expect(parseWindow('2026-03-29@Europe/Berlin')).toEqual({
      label: '2026-03-29@Europe/Berlin',
      kind: 'day',
      from: '2026-03-28T23:00:00.000Z',
      to: '2026-03-29T22:00:00.000Z',
    });
  });

  test('gives windows without gap or overlap from one night to the next, in every zone', () => {
    const zones = constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana');
    // Hours after midnight: where the clock is put on or back, 22 and 23 may be in the next day.
    const touching = property(
      zones,
      integer({ min: 0, max: 3 * 365 }),
      integer({ min: 0, max: 21 }),
      (zone, days, hour) => {
        const [first, second] = [0, 1].map((later) => {
          const day = new Date(Date.UTC(2025, 0, 1) + (days + later) * DAY).toISOString().slice(0, 10);
          return parseWindow(slot(new Date(startOfDay(day, zone) + hour * HOUR).toISOString(), zone));
        });
        return second?.from === first?.to;
      },
    );
    expect(() => assert(touching, { numRuns: 300 })).not.toThrow();
  });
});

const within = (zone: string): readonly string[] =>
  clockChanges(zone, Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)).map(
    ({ atMs, kind, fromLocalMs, toLocalMs }) =>
      `${kind} ${[atMs, fromLocalMs, toLocalMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(' ')}`,
  );

describe('changes of the clock', () => {
  test.each([
    ['UTC', []],
    [
      'Europe/Berlin',
      [
        'gap 2026-03-29T01:00 2026-03-29T02:00 2026-03-29T03:00',
        'overlap 2026-10-25T01:00 2026-10-25T02:00 2026-10-25T03:00',
      ],
    ],
    [
      'Australia/Lord_Howe',
      [
        'overlap 2026-04-04T15:00 2026-04-05T01:30 2026-04-05T02:00',
        'gap 2026-10-03T15:30 2026-10-04T02:00 2026-10-04T02:30',
      ],
    ],
  ])('of %s are known', (zone, changes) => {
    expect(within(zone)).toEqual(changes);
  });
});

test.each(['2026-11-24@', '2026-11-24@Mars/Base', '2026-02-30@Europe/Berlin', '@Europe/Berlin', '..2026-11-24', '..'])(
  'the window %j is refused',
  (label) => {
    expect(() => parseWindow(label)).toThrow(/^window: expected a day/);
  },
);
