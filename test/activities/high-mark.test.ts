import { describe, expect, test } from '@jest/globals';
import { highMark } from '../../activities/pull/high-mark.ts';
import { rangeOf, parseWindow } from '../../core/window.ts';
import { incremental } from '../../definitions/definition.ts';
import { times, type Times } from '../../definitions/times.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const by = (format: string, field = 'at', said?: Times): Parameters<typeof highMark>[0] => ({
  definition: { incremental: incremental.parse({ field, start: { as: 'since', format } }), times: said },
});

describe('highMark', () => {
  test.each<[string, string, unknown[], string | null]>([
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
    ['epoch seconds as text', 'epochSeconds', ['1763600000', '1763800000'], '2025-11-22T08:26:40.000000000Z'],
    ['/Date()/', 'iso', ['/Date(1763600000000+0200)/'], '2025-11-20T00:53:20.000000000Z'],
    ['offsets without a colon', 'iso', ['2024-01-29T10:44:51.887-0800'], '2024-01-29T18:44:51.887000000Z'],
    ['an HTTP date', 'iso', ['Mon, 29 Jan 2024 18:44:51 GMT'], '2024-01-29T18:44:51.000000000Z'],
    ['a pattern that is asked with', 'dd.MM.yyyy HH:mm', ['29.01.2024 18:44'], '2024-01-29T18:44:00.000000000Z'],
    ['epochs by their size', 'iso', ['1763600000', 1_763_600_000_001], '2025-11-20T00:53:20.001000000Z'],
    ['compact days', 'iso', ['20240129', 20_240_130], '2024-01-30T00:00:00.000000000Z'],
    ['nothing of records without the field', 'iso', [null, undefined, {}, 'soon', true], null],
    [
      'nothing of times that do not exist',
      'iso',
      ['2026-02-30T00:00:00Z', '2026-13-45T00:00:00+02:00', '2025-00-10T00:00:00Z', '2026-06-30T23:59:60Z'],
      null,
    ],
    ['nothing of numbers that are no time', 'epochMs', [9e15, Number.NaN, -1e300], null],
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
    expect(highMark({ definition: { incremental: undefined, times: undefined } }, records, now)).toBeNull();
  });

  test('reads what `times` says of the field, and nothing else', () => {
    const said = times.parse({ at: { formats: ['yyyy-MM-dd HH:mm:ss'], zone: 'America/New_York' } });
    expect(highMark(by('iso', 'at', said), [{ at: '2024-01-29 18:44:51' }], now)).toBe(
      '2024-01-29T23:44:51.000000000Z',
    );
    expect(highMark(by('iso', 'at', said), [{ at: '2024-01-29T18:44:51Z' }], now)).toBeNull();
  });

  test('is a watermark from which the next run can start', () => {
    const mark = highMark(by('iso'), [{ at: '2026-11-20T23:59:59.9999-11:30' }], now);
    const range = rangeOf({
      window: parseWindow('2026-11-24'),
      watermark: mark,
      initial: '2025-01-01T00:00:00Z',
      lookbackMs: 0,
    });
    expect(range?.from).toBe('2026-11-21T11:29:59.999Z');
  });
});
