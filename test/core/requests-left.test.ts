import { expect, test } from '@jest/globals';
import { requestsLeft } from '../../core/requests-left.ts';

test.each([
  ['unknown on the first run', null, 0, Infinity],
  ['a fifth more than before, at the beginning', 100, 0, 120],
  ['what is left of it, later on', 100, 70, 50],
  ['unknown again once it took more than that', 100, 120, Infinity],
  ['unknown after runs that asked for nothing', 0, 0, Infinity],
])('the requests that a run will still make are %s', (_what, usual, made, left) => {
  expect(requestsLeft(usual, made)).toBe(left);
});
