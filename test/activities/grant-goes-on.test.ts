import { expect, test } from '@jest/globals';
import { grantGoesOn, type GrantSoFar } from '../../activities/pull/grant-goes-on.ts';

const grant = { requests: 500, time: 30_000 };
const soFar: GrantSoFar = { requests: 10, lastsMs: 1000, width: 1, answerMs: 100, holds: false };

test.each<[string, Partial<GrantSoFar>, boolean]>([
  ['with requests and time left', {}, true],
  ['without requests left', { requests: 500 }, false],
  ['without time left', { lastsMs: 30_000 }, false],
  ['side by side with requests left for each', { requests: 500, width: 4 }, true],
  ['side by side without any', { requests: 2000, width: 4 }, false],
  ['side by side of slow answers, longer', { lastsMs: 90_000, width: 4, answerMs: 2000 }, true],
  ['of slow answers one after the other, as long as ever', { lastsMs: 90_000, answerMs: 2000 }, false],
  ['of very slow answers, two minutes longer at the most', { lastsMs: 150_000, width: 4, answerMs: 60_000 }, false],
  ['before the first answer, as long as ever', { lastsMs: 30_000, width: 4, answerMs: Infinity }, false],
  ['with a part of an answer left', { requests: 500, lastsMs: 100_000, holds: true }, true],
  ['with a part left, two minutes longer at the most', { lastsMs: 150_000, holds: true }, false],
])('a grant %s: %j', (_, at, goesOn) => {
  expect(grantGoesOn(grant, { ...soFar, ...at })).toBe(goesOn);
});
