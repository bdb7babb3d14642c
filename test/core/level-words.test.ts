import { expect, test } from '@jest/globals';
import { levelWords, weightWords } from '../../core/level-words.ts';
import { defaultLevels } from '../../core/match-level.ts';

test('each level says in words how alike two values are', () => {
  const all = [...new Set(Object.values(defaultLevels).flat()), 'else'];
  for (const level of all) expect(levelWords(level)).not.toBe(level);
  expect(['similar 0.925', 'edits 1', 'edits 2', 'end 8', 'near 0.01'].map(levelWords)).toEqual([
    'similar to 92.5 % or more',
    'one character differs',
    'up to 2 characters differ',
    'the last 8 characters are the same',
    'up to 1 % apart',
  ]);
  // Of a plan that a later version has made.
  expect(levelWords('unheard 3')).toBe('unheard 3');
});

test.each([
  [10, 'speaks for it: 1,000 times as frequent among duplicates'],
  [-1, 'speaks against it: 2 times as rare among duplicates'],
  [40, 'speaks for it: over a million times as frequent among duplicates'],
  [0.05, 'says little'],
  [0, 'says little'],
])('%s bits: %s', (weight, words) => {
  expect(weightWords({ weight })).toBe(words);
});
