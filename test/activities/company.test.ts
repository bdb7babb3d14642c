import { expect, test } from '@jest/globals';
import { companyOf, isFast } from '../../activities/pull/company.ts';

test.each([
  [Infinity, false, { items: 4, waitMs: 250 }],
  [30, false, { items: 4, waitMs: 250 }],
  [29, true, { items: 8, waitMs: 30 }],
  [0, true, { items: 8, waitMs: 30 }],
])('after an answer of %d ms: is fast %s, the writer waits for %j', (answerMs, fast, company) => {
  expect(isFast(answerMs)).toBe(fast);
  expect(companyOf(answerMs)).toEqual(company);
});
