import { describe, expect, test } from '@jest/globals';
import { timePattern } from '../../core/time-pattern.ts';

describe('timePattern', () => {
  test.each([
    ['yyyy-MM-dd', ''],
    ['yyyy-MM', 'it needs a year, a month and a day'],
    ['yyyy-MM-dd hh:mm', 'hh goes with a (AM or PM); write HH for 24 hours'],
    ['yyyy-MM-dd HH:mm a', 'hh goes with a (AM or PM); write HH for 24 hours'],
    ['yyyy-MM-DD', expect.stringMatching(/^"DD" means nothing here; known: yyyy, yy,/)],
    ['yyyy-MM-dd dd', 'it says the day twice'],
    ["yyyy-MM-dd 'at", "a quote is not closed: '' stands for a quote itself"],
  ])('%s: %s', (text, problem) => {
    const made = timePattern(text);
    expect('problem' in made ? made.problem : '').toEqual(problem);
  });

  test('writes what it reads', () => {
    for (const [text, written] of [
      ['EEE, dd MMM yyyy HH:mm:ss z', 'Mon, 29 Jan 2024 18:04:05 GMT'],
      ['M/d/yy h:mm:ss a xxx', '1/9/24 6:04:05 PM -08:00'],
      ["yyyyMMdd'T'HHmmss.SSSXX", '20240129T180405.120Z'],
    ] as const) {
      const made = timePattern(text);
      if ('problem' in made) throw new Error(made.problem);
      const local = made.read(written);
      expect(local && made.write(local)).toBe(written);
    }
  });
});
