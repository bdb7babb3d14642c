import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { formatTime } from '../../sources/declared/format-time.ts';
import { timeReader } from '../../core/read-time.ts';
import { timeFormats } from '../../core/time-formats.ts';

/** What the partner makes of it. */
function msOf(value: string | number, format: string, zone?: string): number {
  const time = timeReader({ formats: [format], zone: zone ?? 'UTC' }, 'timestamp')(value);
  return Date.parse((time as { readonly text: string }).text);
}
const patterns = ['yyyy-MM-dd HH:mm:ss', 'MM/dd/yyyy hh:mm a', 'yyyyMMdd HH', 'd MMM yyyy HH:mm:ss.SSS xxx'];

describe('formatTime', () => {
  test.each([
    ['2026-01-01T00:00:00.000Z', 'iso', 'down', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00Z', 'iso', 'down', '2026-01-01T00:00:00Z'],
    ['2026-01-01T02:00:00.123456+02:00', 'iso', 'down', '2026-01-01T00:00:00.123456Z'],
    ['2026-01-01T00:00:00.999Z', 'isoSeconds', 'down', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00.001Z', 'isoSeconds', 'up', '2026-01-01T00:00:01Z'],
    ['2026-01-01T00:00:00.000Z', 'isoSeconds', 'up', '2026-01-01T00:00:00Z'],
    ['2026-01-01T23:59:59Z', 'date', 'down', '2026-01-01'],
    ['2026-01-01T00:00:01Z', 'date', 'up', '2026-01-02'],
    ['2026-01-02T01:00:00+02:00', 'date', 'down', '2026-01-01'],
    ['1969-12-31T23:59:59.500Z', 'epochSeconds', 'down', -1],
    ['2001-09-09T01:46:40.5Z', 'epochSeconds', 'down', 1_000_000_000],
    ['2001-09-09T01:46:40.5Z', 'epochSeconds', 'up', 1_000_000_001],
    ['2001-09-09T01:46:40.000001Z', 'epochMs', 'up', 1_000_000_000_001],
    ['2001-09-09T01:46:40.000999Z', 'epochMs', 'down', 1_000_000_000_000],
  ] as const)('%s as %s rounded %s is %s', (iso, format, round, expected) => {
    expect(formatTime(iso, { format, round })).toBe(expected);
  });

  test.each([
    ['2026-01-01T00:00:00Z', 'iso', '2025-12-31T23:59:59.999Z'],
    ['2026-01-01T00:00:00.000Z', 'iso', '2025-12-31T23:59:59.999Z'],
    ['2026-01-01T00:00:00.000000Z', 'iso', '2025-12-31T23:59:59.999999Z'],
    ['2026-01-01T00:00:00Z', 'isoSeconds', '2025-12-31T23:59:59Z'],
    ['2026-01-01T12:00:00Z', 'date', '2025-12-31'],
    ['1970-01-01T00:00:10.5Z', 'epochSeconds', 9],
    ['1970-01-01T00:00:10.5Z', 'epochMs', 10_499],
  ] as const)('an exclusive start of %s as %s is %s', (iso, format, expected) => {
    expect(formatTime(iso, { format, round: 'down', stepBack: true })).toBe(expected);
  });

  test('a start is never later and an end never earlier than asked', () => {
    const instants = fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') });
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom(...timeFormats, ...patterns),
        fc.constantFrom(undefined, 'Europe/Berlin', 'America/St_Johns', 'Asia/Tokyo'),
        (instant, format, zone) => {
          const iso = instant.toISOString();
          const of = (round: 'up' | 'down', stepBack = false): number =>
            msOf(formatTime(iso, { format, round, zone, stepBack }), format, zone);
          expect(of('down')).toBeLessThanOrEqual(instant.getTime());
          expect(of('up')).toBeGreaterThanOrEqual(instant.getTime());
          expect(of('down', true)).toBeLessThan(instant.getTime());
        },
      ),
    );
  });

  test.each([
    ['isoNoZone', undefined, '2026-01-01T12:00:00'],
    ['isoNoZone', 'Europe/Berlin', '2026-01-01T13:00:00'],
    ['iso', 'Europe/Berlin', '2026-01-01T13:00:00.500+01:00'],
    ['isoSeconds', 'America/St_Johns', '2026-01-01T08:30:00-03:30'],
    ['date', 'Pacific/Auckland', '2026-01-02'],
    ['compact', undefined, '20260101T120000Z'],
    ['compact', 'Europe/Berlin', '20260101T130000+0100'],
    ['httpDate', undefined, 'Thu, 01 Jan 2026 12:00:00 GMT'],
    ['dotNet', 'Europe/Berlin', '/Date(1767268800500)/'],
    ['epochMicros', undefined, 1_767_268_800_500_000],
    ['epochNanos', 'Europe/Berlin', '1767268800500000000'],
    ['yyyy-MM-dd HH:mm:ss', 'Europe/Berlin', '2026-01-01 13:00:00'],
    ['MM/dd/yyyy hh:mm a', undefined, '01/01/2026 12:00 PM'],
  ])('a start as %s of %s', (format, zone, expected) => {
    expect(formatTime('2026-01-01T12:00:00.500Z', { format, round: 'down', zone })).toBe(expected);
  });

  test.each([
    ['the first time', '2024-10-27T00:30:00Z'],
    ['the second time', '2024-10-27T01:30:00Z'],
  ])(
    'a bound in an hour that comes twice, %s, leaves nothing out, whichever the partner takes it for',
    (_which, iso) => {
      const of = (round: 'up' | 'down'): string | number =>
        formatTime(iso, { format: 'isoNoZone', round, zone: 'Europe/Berlin' });
      expect([of('down'), of('up')]).toEqual(['2024-10-27T01:59:59', '2024-10-27T03:00:00']);
    },
  );

  test.each(['2026-01-01', '2026-01-01T00:00:00', 'yesterday', '2026-13-01T00:00:00Z'])('refuses %s', (iso) => {
    expect(() => formatTime(iso, { format: 'iso', round: 'down' })).toThrow('ISO time with a zone');
  });
});
