import { describe, expect, test } from '@jest/globals';
import { sampleHints } from '../../activities/sample-hints.ts';
import { stream } from '../../definitions/definition.ts';

const definition = stream.parse({ path: '/orders', primaryKey: ['id'], schema: { type: 'object' } });
const paged = stream.parse({ ...{ path: '/orders', primaryKey: ['id'], schema: {} }, pagination: { type: 'link' } });
const page = { headers: {}, body: [], received: 2, keys: ['a', 'b'] };
const link = { link: '<https://api.acme.example/orders?page=2>; rel="next"' };
const unread = 'but the stream has no pagination: only this page would be read. Declare its pagination';

describe('a page of a stream without pagination', () => {
  test.each([
    ['a Link header', { headers: link }, `the Link header names a next page, ${unread}`],
    ['a count', { headers: { 'x-total-count': '3' } }, `the partner counts 3 records and sent 2, ${unread}`],
    ['has_more', { body: { has_more: true } }, `the answer's field "has_more" announces another page, ${unread}`],
    ['a cursor', { body: { nextCursor: 'x' } }, `the answer's field "nextCursor" announces another page, ${unread}`],
    ['links.next', { body: { links: { next: '/x' } } }, `the answer's field "next" announces another page, ${unread}`],
  ])('is doubted for %s', (_, more, hint) => {
    expect(sampleHints({ definition }, { ...page, ...more })).toEqual([hint]);
  });

  test.each([
    ['a Link header to the first page only', { headers: { link: '<https://x.example/1>; rel="first"' } }],
    ['a Link header that cannot be read', { headers: { link: '<<<' } }],
    ['a count that was reached', { headers: { 'x-total-count': '2' } }],
    ['has_more: false', { body: { has_more: false, next_cursor: null, links: { next: '' } } }],
  ])('is believed with %s', (_, more) => {
    expect(sampleHints({ definition }, { ...page, ...more })).toEqual([]);
  });
});

test('a declared pagination is believed', () => {
  expect(sampleHints({ definition: paged }, { ...page, headers: link })).toEqual([]);
});

test('a page 2 without a record is doubted, and so is an end that the answer contradicts', () => {
  const token = stream.parse({
    ...{ path: '/orders', primaryKey: ['id'], schema: {} },
    pagination: { type: 'token', token: 'next', as: 'cursor' },
  });
  expect(sampleHints({ definition: token }, { ...page, receivedNext: 0 })).toEqual([
    'page 2 is empty although page 1 leads to it: does the partner know the parameter "cursor"? A wrong one loses all pages but the first',
  ]);
  expect(sampleHints({ definition: token }, { ...page, receivedNext: 2 })).toEqual([]);
  expect(sampleHints({ definition: token }, { ...page, doubt: 'X says more' })).toEqual([
    'X says more. A run that ends so is suspect',
  ]);
});

test('records with the key of another one are counted, except where every record is kept', () => {
  const twice = { ...page, received: 3, keys: ['a', 'b', 'a'] };
  expect(sampleHints({ definition }, twice)).toEqual([
    '1 of 3 records have the key of another one: only one of each is kept. Does id tell records apart?',
  ]);
  expect(sampleHints({ definition: { ...definition, disposition: 'append' } }, twice)).toEqual([]);
});

test('an empty list is doubted', () => {
  expect(sampleHints({ definition }, { ...page, received: 0, keys: [] })).toEqual([
    'the list is empty: nothing of the schema could be tried. Are the path, the query and `records` right?',
  ]);
});

test('a watermark that would never move is named, with what stands in its place', () => {
  const incremental = { field: 'changed', start: { as: 'since' } };
  const timed = stream.parse({ path: '/orders', primaryKey: ['id'], schema: {}, incremental });
  expect(sampleHints({ definition: timed }, { ...page, stalled: 'null' })).toEqual([
    'no record has a time that can be read at "changed" (the first has null): the watermark would never move, and each run would read everything. Say under `times` how it is written, or correct incremental.field',
  ]);
});
