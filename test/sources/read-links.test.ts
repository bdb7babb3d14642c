import { expect, test } from '@jest/globals';
import { readLinks } from '../../sources/declared/paginate/read-links.ts';

test.each([
  ['<https://cdn.example>; rel=preconnect; crossorigin, </p?2>; rel="next"', '/p?2'],
  ['</p?2>; crossorigin; rel="next"', '/p?2'],
  ['</p?2>; rel="next"; nopush', '/p?2'],
  ['</p?2>; rel="next"; nopush , </p?1>; rel=prev', '/p?2'],
  ['</a;b,c>; title="x; y, z"; rel="next"', '/a;b,c'],
  [String.raw`</p?2>; title="a \"; nopush, b"; rel="next"`, '/p?2'],
])('a parameter without a value hides no link: %s', (header, next) => {
  expect(readLinks(header).rel('next')[0]?.uri).toBe(next);
});
