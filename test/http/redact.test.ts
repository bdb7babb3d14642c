import { describe, expect, test } from '@jest/globals';
import { redactHeaders, redactUrl, requestIdOf } from '../../http/redact.ts';

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
});
