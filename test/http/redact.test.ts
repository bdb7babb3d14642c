import { describe, expect, test } from '@jest/globals';
import { callPlace } from '../../http/call-place.ts';
import { excerptOf } from '../../http/excerpt.ts';
import { harmlessHeaders, redactHeaders, redactUrl, requestIdOf, withoutSecrets } from '../../http/redact.ts';

describe('redact', () => {
  test.each([
    ['https://a.example/v2/orders?page=7&page=8&key=canary', 'https://a.example/v2', '/orders?page&key'],
    ['https://a.example/v2/orders', 'https://a.example/v2/', '/orders'],
    ['https://a.example/canary/orders', 'https://a.example/canary', '/orders'],
    ['https://a.example/canary', 'https://a.example/canary', '/'],
    ['https://a.example/orders', 'https://a.example', '/orders'],
    ['https://a.example/canary/x', 'https://a.example/v2', '/…'],
  ])('%s under %s is logged as %s', (url, baseUrl, shown) => {
    expect(redactUrl(url, baseUrl)).toBe(shown);
  });

  test('only headers known to be harmless are shown', () => {
    const headers = { authorization: 'canary', 'x-api-key': 'canary', 'set-cookie': 'canary', location: 'canary' };
    const harmless = { 'content-type': 'application/json', 'retry-after': '5', 'x-ratelimit-remaining': '0' };
    expect(redactHeaders({ ...headers, ...harmless })).toEqual(harmless);
  });

  test.each([
    [{ 'x-request-id': 'req_1-a' }, 'req_1-a'],
    [{ 'x-request-id': 'two words', 'cf-ray': '8f-FRA' }, '8f-FRA'],
    [{ 'x-request-id': 'x'.repeat(129) }, undefined],
    [{}, undefined],
  ] as [Record<string, string>, string | undefined][])('the request id of %j is %s', (headers, id) => {
    expect(requestIdOf(headers)).toBe(id);
  });

  const known = [{ name: 'auth.token', values: ['canary/1', 'canary/0'] }];
  const base = 'https://a.example/v2';

  test.each([
    ['https://a.example/v2/canary%2F1/orders?page=2', '/…/orders?page'],
    ['https://a.example/v2/orders?canary%2F0', '/orders?…'],
    [`https://a.example/v2/x${Buffer.from('user:canary/1').toString('base64')}/orders`, '…'],
  ])('%s is logged as %s: a link may hold a secret that we know', (url, shown) => {
    expect(redactUrl(url, base, known)).toBe(shown);
  });

  test('a message has none', () => {
    expect(withoutSecrets('arrays are at "canary/1", "data ${x}"', known)).toBe('arrays are at "…", "data ${x}"');
  });

  test('a header that repeats one counts as absent', () => {
    const headers = {
      date: 'x',
      etag: 'W/"canary%2f1"',
      'x-request-id': Buffer.from('canary/0').toString('base64url'),
    };
    expect(harmlessHeaders(headers, known)).toEqual({ date: 'x' });
    expect(harmlessHeaders(headers, [])).toBe(headers);
  });
});

describe('what the call log may keep', () => {
  const known = [{ name: 'auth.token', values: ['canary/1'] }];

  test.each([
    ['https://a.example/v2/orders?page=7', false, 'a.example', '/orders?page'],
    ['https://a.example:8443/v2/orders?page=7', false, 'a.example:8443', '/…'],
    ['https://files.example/v2/signed/8f3a?sig=x', false, 'files.example', '/…'],
    ['https://a.example/v2/orders', true, 'a.example', '/…'],
    ['https://a.example/v2/canary%2F1/orders', false, 'a.example', '/…/orders'],
  ])('of %s (foreign: %s) is host %s and path %s', (url, foreign, host, path) => {
    expect(callPlace({ url, foreign }, 'https://a.example/v2', known)).toEqual({ host, path });
  });

  const said = (text: string): string | null => excerptOf({ text }, known);

  test.each([
    ['{"error":\n  "unknown field page"}', '{"error": "unknown field page"}'],
    ['token canary/1 is not valid', 'token … is not valid'],
    ['no customer jane.doe@shop.example here', 'no customer … here'],
    ['account +49 170 555 1234 is closed', 'account … is closed'],
    ['key sk_live_51HxK2jLkdIwHu7ix0 has ended', 'key … has ended'],
    ['retry in 30 s, error 1042', 'retry in 30 s, error 1042'],
    [`${Buffer.from('user:canary/1').toString('base64')} is wrong`, '…'],
    ['', null],
  ])('of the answer %j is %j', (text, shown) => {
    expect(said(text)).toBe(shown);
  });

  test('of a long answer is its beginning, and of one that is no text nothing', () => {
    expect(said('too long '.repeat(1000))).toHaveLength(500);
    expect(excerptOf({ text: '', noText: 'not UTF-8' }, known)).toBeNull();
  });
});
