import { expect, test } from '@jest/globals';
import { DAY, formatDuration, HOUR, MINUTE, SECOND } from '../../core/duration.ts';

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [999.6, '1s'],
  [1234, '1.2s'],
  [5 * SECOND, '5s'],
  [59_940, '59.9s'],
  [59_960, '1m'],
  [90 * SECOND, '2m'],
  [HOUR - 1, '1h'],
  [HOUR - 31 * SECOND, '59m'],
  [2 * HOUR, '2h'],
  [DAY - MINUTE, '1d'],
  [40 * DAY, '40d'],
])('%s ms are told as %s', (durationMs, told) => {
  expect(formatDuration(durationMs)).toBe(told);
});

test('tenths of a second have no trail of digits', () => {
  for (let tenths = 10; tenths < 600; tenths++) expect(formatDuration(tenths * 100)).toMatch(/^\d+(\.\d)?s$/);
});
