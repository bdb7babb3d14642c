import { expect, test } from '@jest/globals';
import { closest } from '../../definitions/closest.ts';

test.each<[string, string[], string | undefined]>([
  ['tokn', ['token', 'page'], 'token'],
  ['acem', ['acme', 'other'], 'acme'],
  ['next_url', ['nextUrl', 'link'], 'nextUrl'],
  ['paginate', ['path', 'pagination', 'parent'], 'pagination'],
  ['PUT', ['GET', 'POST'], undefined],
  ['cursor', ['token', 'page'], undefined],
  ['', ['a', 'bb'], 'a'],
  ['anything', [], undefined],
])('%j among %j most likely means %j', (word, candidates, meant) => {
  expect(closest(word, candidates)).toBe(meant);
});
