import { describe, expect, test } from '@jest/globals';
import { highMark } from '../../activities/pull/high-mark.ts';
import { rangeOf, parseWindow } from '../../core/window.ts';
import type { TimeFormat } from '../../definitions/definition.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const by = (format: TimeFormat, field = 'at'): { field: string; format: TimeFormat } => ({ field, format });

describe('highMark', () => {
  test.each<[string, TimeFormat, unknown[], string | null]>([
    [
      'the greatest instant, whatever the zones',
      'iso',
      ['2026-01-01T00:30:00+02:00', '2025-12-31T23:00:00Z'],
      '2025-12-31T23:00:00.000000000Z',
    ],
    [
      'nanoseconds',
      'iso',
      ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.12Z'],
      '2026-01-01T00:00:00.123456789Z',
    ],
    ['days', 'date', ['2026-01-01', '2026-01-03'], '2026-01-03T00:00:00.000000000Z'],
    ['epoch seconds', 'epochSeconds', [1_767_225_600, 1.5], '2026-01-01T00:00:00.000000000Z'],
    ['epoch milliseconds', 'epochMs', [1_767_225_600_001], '2026-01-01T00:00:00.001000000Z'],
    ['nothing of records without the field', 'iso', [null, undefined, {}, 'soon', true], null],
    [
      'nothing of times that do not exist',
      'iso',
      ['2026-02-30T00:00:00Z', '2026-13-45T00:00:00+02:00', '2025-00-10T00:00:00Z', '2026-06-30T23:59:60Z'],
      null,
    ],
    ['nothing of numbers that are no time', 'epochMs', [9e15, Number.NaN], null],
    [
      'nothing from far in the future',
      'iso',
      ['2026-11-24T12:11:00Z', '9999-12-31T00:00:00Z', '2026-11-24T12:05:00Z'],
      '2026-11-24T12:05:00.000000000Z',
    ],
  ])('takes %s', (_what, format, values, mark) => {
    expect(
      highMark(
        by(format),
        values.map((at) => ({ at })),
        now,
      ),
    ).toBe(mark);
  });

  test('looks into nested records, and does not stumble over what is no record', () => {
    const records = [{ meta: { at: '2026-01-01T00:00:00Z' } }, null, 7, 'text', []];
    expect(highMark(by('iso', 'meta.at'), records, now)).toBe('2026-01-01T00:00:00.000000000Z');
    expect(highMark(undefined, records, now)).toBeNull();
  });

  test('is a watermark from which the next run can start', () => {
    const mark = highMark(by('iso'), [{ at: '2026-11-20T23:59:59.9999-11:30' }], now);
    const range = rangeOf({
      window: parseWindow('2026-11-24'),
      watermark: mark,
      initial: '2025-01-01T00:00:00Z',
      lookbackMs: 0,
    });
    expect(range.from).toBe('2026-11-21T11:29:59.999Z');
  });
});
