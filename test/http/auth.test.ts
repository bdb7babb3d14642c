import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createAuthorizer } from '../../http/auth.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import { auth as authSchema } from '../../definitions/definition.ts';
import type { PageRequest } from '../../core/page.ts';

const request: PageRequest = {
  method: 'POST',
  url: 'https://api.acme.example/v2/orders?a=1&b=x%20y',
  headers: { accept: 'application/json' },
  body: '{"q":"all"}',
};
const nowMs = 1_700_000_000_999;

function authorizer(auth: unknown) {
  return createAuthorizer({
    auth: authSchema.parse(auth),
    tokens: createMemoryTokenStore(),
    exchange: () => Promise.reject(new Error('no token is needed here')),
    now: () => nowMs,
  });
}
const authorize = (auth: unknown): Promise<PageRequest> => authorizer(auth).authorize(request);

const fail = (): never => {
  throw new TypeError('canary-secret is not valid');
};

describe('createAuthorizer', () => {
  test('none changes nothing', async () => {
    expect(await authorize({ type: 'none' })).toEqual(request);
  });

  test.each([
    [{ type: 'bearer', token: 't' }, { authorization: 'Bearer t' }],
    [
      { type: 'basic', username: 'ü', password: 'p:q' },
      { authorization: `Basic ${Buffer.from('ü:p:q').toString('base64')}` },
    ],
    [{ type: 'apiKey', in: 'header', name: 'X-API-Key', key: 'k' }, { 'x-api-key': 'k' }],
  ])('%j adds %j', async (auth, headers) => {
    expect(await authorize(auth)).toEqual({ ...request, headers: { ...request.headers, ...headers } });
  });

  test('an API key in the query is added, or replaced', async () => {
    const { url } = await authorize({ type: 'apiKey', in: 'query', name: 'key', key: 'a&b' });
    expect(new URL(url).searchParams.get('key')).toBe('a&b');
    const again = await authorizer({ type: 'apiKey', in: 'query', name: 'b', key: 'k' }).authorize(request);
    expect(new URL(again.url).searchParams.getAll('b')).toEqual(['k']);
  });

  test.each([
    [{}, '1700000000.POST./v2/orders.{"q":"all"}', 'sha256', 'hex', ''],
    [
      { template: '{method}\n{path}?{query}', prefix: 'sha512=', algorithm: 'sha512', encoding: 'base64' },
      'POST\n/v2/orders?a=1&b=x%20y',
      'sha512',
      'base64',
      'sha512=',
    ],
  ] as const)('an HMAC signature of %j covers what is sent', async (options, signed, algorithm, encoding, prefix) => {
    const hmac = { type: 'hmac', secret: 's', header: 'X-Signature', timestampHeader: 'X-Time', ...options };
    const { headers } = await authorize(hmac);
    expect(headers).toEqual({
      ...request.headers,
      'x-time': '1700000000',
      'x-signature': prefix + createHmac(algorithm, 's').update(signed).digest(encoding),
    });
  });

  test('a body that looks like a placeholder is signed as it is', async () => {
    const hmac = { type: 'hmac', secret: 's', header: 'x-signature', template: '{body}' };
    const { headers } = await authorizer(hmac).authorize({ ...request, body: '{method}' });
    expect(headers['x-signature']).toBe(createHmac('sha256', 's').update('{method}').digest('hex'));
  });

  test('a function may change the request, once per call', async () => {
    let calls = 0;
    const sign = (outgoing: PageRequest, now: Date): PageRequest => {
      calls += 1;
      return { ...outgoing, headers: { ...outgoing.headers, 'x-signed-at': now.toISOString() } };
    };
    const { headers } = await authorize(sign);
    expect(headers['x-signed-at']).toBe('2023-11-14T22:13:20.999Z');
    expect(calls).toBe(1);
  });

  test('what an auth function throws does not reach the message', async () => {
    await expect(authorize(fail)).rejects.toThrow(/^the auth function threw a TypeError$/);
  });

  test('only OAuth2 can get another token', async () => {
    const bearer = authorizer({ type: 'bearer', token: 't' });
    expect([bearer.canRefresh, await bearer.refresh()]).toEqual([false, false]);
  });
});
