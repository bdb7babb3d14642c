import type { FieldLevel } from './duplicates.ts';
import type { LevelName } from './match-level.ts';

const words: Readonly<Record<LevelName | 'else', (bound: number) => string>> = {
  exact: () => 'the same',
  words: () => 'the same words, in any order',
  nickname: () => 'one is a nickname of the other',
  initial: () => 'one is the initial of the other',
  swapped: () => 'swapped: the two names, or day and month',
  similar: (share) => `similar to ${percent(share)} or more`,
  overlap: (share) => `${percent(share)} or more of the words in common`,
  edits: (n) => (n === 1 ? 'one character differs' : `up to ${n} characters differ`),
  sounds: () => 'they sound alike',
  local: () => 'the same before the @',
  end: (n) => `the last ${n} characters are the same`,
  days: (n) => `up to ${n} days apart`,
  near: (share) => `up to ${percent(share)} apart`,
  else: () => 'not alike',
};

/** What a level says of two values (docs/duplicates.md), for somebody who does not know its name. */
export function levelWords(level: string): string {
  const [name = '', bound = ''] = level.split(' ');
  return Object.hasOwn(words, name) ? words[name as keyof typeof words](Number(bound)) : level;
}

/** `speaks for it: 2,400 times as frequent among duplicates`. */
export function weightWords({ weight }: Pick<FieldLevel, 'weight'>): string {
  // The estimate has no more than two digits.
  const times = Number((2 ** Math.abs(weight)).toPrecision(2));
  if (times < 1.1) return 'says little';
  const text = times > 1e6 ? 'over a million times' : `${times.toLocaleString('en-US')} times`;
  return weight > 0
    ? `speaks for it: ${text} as frequent among duplicates`
    : `speaks against it: ${text} as rare among duplicates`;
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;
