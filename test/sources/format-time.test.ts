import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { formatTime } from '../../sources/declared/format-time.ts';
import { timeFormats } from '../../definitions/definition.ts';

const msOf = (value: string | number, format: string): number =>
  typeof value === 'string' ? Date.parse(value) : format === 'epochMs' ? value : value * 1000;

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
      fc.property(instants, fc.constantFrom(...timeFormats), (instant, format) => {
        const iso = instant.toISOString();
        expect(msOf(formatTime(iso, { format, round: 'down' }), format)).toBeLessThanOrEqual(instant.getTime());
        expect(msOf(formatTime(iso, { format, round: 'up' }), format)).toBeGreaterThanOrEqual(instant.getTime());
        const stepped = formatTime(iso, { format, round: 'down', stepBack: true });
        expect(msOf(stepped, format)).toBeLessThan(instant.getTime());
      }),
    );
  });

  test.each(['2026-01-01', '2026-01-01T00:00:00', 'yesterday', '2026-13-01T00:00:00Z'])('refuses %s', (iso) => {
    expect(() => formatTime(iso, { format: 'iso', round: 'down' })).toThrow('ISO time with a zone');
  });
});
