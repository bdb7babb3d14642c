import { expect, test } from '@jest/globals';
import { isoOf, microsOf } from '../../simulator/micros.ts';

const at = 1_763_942_400_123_456;

test.each([
  ['2025-11-24T00:00:00.123456Z', at],
  ['2025-11-24T01:00:00.123456+01:00', at],
  ['2025-11-24T00:00:00.1234567Z', at],
  ['2025-11-24T00:00:00.1234Z', at - 56],
  ['2025-11-24T00:00:00Z', at - 123_456],
  ['2025-11-24T00:00Z', at - 123_456],
  ['2025-11-24', at - 123_456],
  ['1763942400', at - 123_456],
  ['1763942400123', at - 456],
])('%s is %i microseconds', (text, micros) => {
  expect(microsOf(text, 'x')).toBe(micros);
});

test.each(['', '2025-11-24T00:00:00', 'now', '2025-13-01', '1.5'])('%j is refused by name', (text) => {
  expect(() => microsOf(text, 'updated_since')).toThrow('updated_since must be');
});

test('microseconds survive the way to text and back', () => {
  expect(isoOf(at)).toBe('2025-11-24T00:00:00.123456Z');
  expect(microsOf(isoOf(at + 1), 'x')).toBe(at + 1);
});
