import { describe, expect, test } from '@jest/globals';
import { matcher, type Asked } from '../../recordings/match.ts';
import type { Exchange } from '../../recordings/recording.ts';

const kept = (text: string, query: Asked['query'], body: string | null = null): Exchange => ({
  method: body === null ? 'GET' : 'POST',
  path: '/orders',
  query: query.map(([name, value]) => [name, value]),
  body,
  status: 200,
  headers: {},
  text,
});
const asked = (query: Asked['query'], body: string | null = null): Asked => ({
  method: body === null ? 'GET' : 'POST',
  path: '/orders',
  query,
  body,
});

const body = (after: string | null, at: string): string => JSON.stringify({ variables: { after, at }, query: 'q' });
const ids = (...values: string[]): Asked['query'] => values.map((value) => ['id', value]);

describe('the recorded answer to a request', () => {
  const pages = [
    kept('first', [['since', '2026-01-01']]),
    kept('second', [
      ['since', '2026-01-01'],
      ['cursor', 'a'],
    ]),
    kept('third', [
      ['cursor', 'b'],
      ['since', '2026-01-01'],
    ]),
  ];
  const find = matcher(pages);

  test.each<[string, Asked, string | undefined]>([
    ['is found by what told the pages apart', asked([['cursor', 'b']]), 'third'],
    ['is the first one where nothing says another', asked([]), 'first'],
    [
      'is the same at any time',
      asked([
        ['since', '2026-11-30'],
        ['cursor', 'a'],
      ]),
      'second',
    ],
    ['does not depend on parameters that the partner did not know', asked([['page', '2']]), 'first'],
    ['is none where a cursor was never given', asked([['cursor', 'c']]), undefined],
    ['is none of another path', { ...asked([]), path: '/refunds' }, undefined],
    ['is none of another method', { ...asked([]), method: 'POST' }, undefined],
  ])('%s', (_what, request, text) => {
    expect(find(request)?.text).toBe(text);
  });

  test('is found by the values of a body, wherever they stand in it', () => {
    const found = matcher([kept('first', [], body(null, 'then')), kept('second', [], body('x', 'then'))]);
    expect([found(asked([], body('x', 'now')))?.text, found(asked([], body(null, 'now')))?.text]).toEqual([
      'second',
      'first',
    ]);
    expect(found(asked([], body('y', 'now')))).toBeUndefined();
  });

  test('takes a parameter that comes twice as a whole', () => {
    const found = matcher([kept('one', ids('1', '2')), kept('two', ids('3', '4'))]);
    expect(found(asked(ids('3', '4')))?.text).toBe('two');
    expect(found(asked(ids('3')))).toBeUndefined();
  });
});

const at = (path: string, text: string): Exchange => ({ ...kept(text, []), path });

describe('a part of a path that is any', () => {
  const find = matcher([
    at('/days/{any}/a.b', 'a day'),
    at('/days/today/a.b', 'today'),
    at('/days/{any}/{any}', 'two'),
  ]);
  test.each([
    ['/days/2026-01-01/a.b', 'a day'],
    ['/days/today/a.b', 'today'],
    ['/days/2026-01-01/axb', 'two'],
    ['/days/2026-01-01/a.b/c', undefined],
    ['/days//a.b', undefined],
  ])('%s → %s', (path, text) => {
    expect(find({ ...asked([]), path })?.text).toBe(text);
  });
});

test('a header tells requests apart where it did', () => {
  const find = matcher([
    { ...kept('first', []), sent: { 'x-since': 'a' } },
    { ...kept('second', []), sent: { 'x-since': 'a', 'x-after': 'k' } },
  ]);
  expect(find({ ...asked([]), sent: { 'x-since': 'b', 'x-after': 'k', host: 'h' } })?.text).toBe('second');
  expect(find({ ...asked([]), sent: { 'x-since': 'b' } })?.text).toBe('first');
});
