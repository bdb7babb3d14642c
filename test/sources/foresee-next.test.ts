import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, jsonValue, property, string } from 'fast-check';
import { parseJson } from '../../core/json.ts';
import { pagination } from '../../definitions/definition.ts';
import { foreseeNext, type UnreadPage } from '../../sources/declared/foresee-next.ts';
import { nextPage } from '../../sources/declared/next-page.ts';
import { start } from '../http/support/definitions.ts';

const url = 'https://api.acme.example/v2/orders';
const token = { type: 'token', token: 'meta.next', as: 'cursor', hasMore: 'more' };

const unread = (input: unknown, page: Partial<UnreadPage>): UnreadPage => ({
  pagination: pagination.parse(input),
  text: '',
  records: 'data',
  headers: {},
  position: start,
  url,
  auth: { type: 'none' },
  ...page,
});

describe('foreseeNext', () => {
  test.each<[string, unknown, Partial<UnreadPage>, string | undefined]>([
    ['a token behind the records', token, { text: '{"data":[{"a":[1]}],"meta":{"next":"n2"},"more":true}' }, 'n2'],
    ['a token before them', token, { text: '{"meta":{"next":"n2"},"data":[{}]}' }, 'n2'],
    [
      'a token in a header',
      { ...token, from: 'header', token: 'X-Next' },
      { text: '{"data":[]}', headers: { 'x-next': 'h' } },
      'h',
    ],
    [
      'a token too long for a number',
      token,
      { text: '{"data":[1],"meta":{"next":12345678901234567890}}' },
      '12345678901234567890',
    ],
    [
      'a URL',
      { type: 'nextUrl', path: 'next' },
      { text: '{"data":[1],"next":"/v2/orders?page=2"}' },
      'https://api.acme.example/v2/orders?page=2',
    ],
    [
      'a link, of a page of records alone',
      { type: 'link' },
      { text: '[1,2]', records: '', headers: { link: `<${url}?p=2>; rel="next"` } },
      `${url}?p=2`,
    ],
    ['records inside', token, { text: '{"r":{"items":[1,2]},"meta":{"next":"n"}}', records: 'r.items' }, 'n'],
    ['another array before the end', token, { text: '{"data":[1,2],"meta":{"next":"n","tags":[1]}}' }, 'n'],
    ['no more pages', token, { text: '{"data":[1],"meta":{"next":null},"more":false}' }, undefined],
    [
      'the same page again',
      token,
      { text: '{"data":[1],"meta":{"next":"n"}}', position: { ...start, cursor: 'n' } },
      undefined,
    ],
    ['what counts records', { type: 'offset', limit: 10 }, { text: '{"data":[1]}' }, undefined],
    ['no JSON', token, { text: '<html>' }, undefined],
    [
      'a page that broke off',
      { type: 'link' },
      { text: '[1,2', records: '', headers: { link: `<${url}?p=2>; rel="next"` } },
      undefined,
    ],
    ['an empty body', token, { text: '' }, undefined],
    ['records that are elsewhere', token, { text: '{"items":[1],"meta":{"next":"n"}}' }, undefined],
    ['a name in a text', token, { text: '{"x":"\\"data\\"","meta":{"next":"n"},"data":[1]}' }, 'n'],
  ])('%s', (_what, input, page, expected) => {
    expect(foreseeNext(unread(input, page))).toBe(expected);
  });

  test('says what reading the page says, whatever its records are', () => {
    assert(
      property(array(jsonValue()), string({ minLength: 1 }), constantFrom(true, false), (records, next, behind) => {
        const meta = { next };
        const text = JSON.stringify(behind ? { data: records, meta } : { meta, data: records });
        const page = unread({ ...token, hasMore: undefined }, { text });
        const read = nextPage({ ...page, body: parseJson(text), records });
        expect(foreseeNext(page)).toBe(read.cursor ?? undefined);
      }),
    );
  });

  test('says nothing of what is no JSON, and does not mind', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        expect(foreseeNext(unread(token, { text: `{"data":[${text}` }))).toBeUndefined();
      }),
    );
  });
});
