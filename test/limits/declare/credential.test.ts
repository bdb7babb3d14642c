import { describe, expect, test } from '@jest/globals';
import { partner, type AuthFunction, type Partner, type PartnerInput } from '../../../definitions/definition.ts';
import { credentialOf } from '../../../limits/declare/credential.ts';

const acme = (change: Partial<PartnerInput> = {}): Partner =>
  partner.parse({
    name: 'acme',
    baseUrl: 'https://api.acme.example/v2',
    auth: { type: 'bearer', token: 's3cret' },
    streams: { orders: { path: '/orders', schema: {} } },
    ...change,
  });
const sign: AuthFunction = (request) => request;

test('is the same for the same secret at the same host, whatever else the definitions say', () => {
  const credential = credentialOf(acme());
  expect(credential).toBe(
    credentialOf(acme({ name: 'acme_eu', baseUrl: 'https://api.acme.example/v3', limits: { rate: 5 } })),
  );
  expect(credential).toMatch(/^[\da-f]{24}$/);
});

test('is another one for another secret, another kind of it, another host or port', () => {
  const others = [
    acme(),
    acme({ auth: { type: 'bearer', token: 's3cret2' } }),
    acme({ auth: { type: 'none' } }),
    acme({ auth: { type: 'apiKey', in: 'header', name: 'authorization', key: 's3cret' } }),
    acme({ baseUrl: 'https://api2.acme.example/v2' }),
    acme({ baseUrl: 'https://api.acme.example:8443/v2' }),
    acme({ baseUrl: 'http://api.acme.example/v2' }),
    acme({ auth: sign }),
    acme({ auth: sign, name: 'other' }),
  ].map(credentialOf);
  expect(new Set(others).size).toBe(others.length);
});

test('does not hold the secret in any form that is read off', () => {
  const credential = credentialOf(acme());
  for (const form of ['utf8', 'hex', 'base64'] as const)
    expect(credential).not.toContain(Buffer.from('s3cret').toString(form));
});

test('is named where secrets differ and the partner counts them together', () => {
  const named = (token: string, baseUrl?: string): string =>
    credentialOf(
      acme({
        auth: { type: 'bearer', token },
        limits: { credential: 'app' },
        ...(baseUrl === undefined ? {} : { baseUrl }),
      }),
    );
  expect(named('one')).toBe(named('two'));
  expect(named('one')).not.toBe(credentialOf(acme()));
  expect(named('one')).not.toBe(named('one', 'https://api2.acme.example'));
});

const app = { type: 'oauth2', tokenUrl: 'https://a.example/t', clientId: 'c', clientSecret: 's' } as const;

describe('the name of a credential', () => {
  test.each([
    [{ type: 'none' }, '8b4038e9ca3163fdbb6a8060'],
    [{ type: 'bearer', token: 't' }, '0d719684bb8f90ccfd294fc8'],
    [{ type: 'apiKey', in: 'header', name: 'x', key: 'k' }, '161af6643ec4d4efd72bc983'],
    [{ type: 'basic', username: 'u', password: 'p' }, 'd3c6b6a651803f1ce553cc0d'],
    [{ ...app, grant: 'refresh_token', refreshToken: 'r' }, '9bd37a5418af6d7aedd2b9a1'],
    [{ ...app, grant: 'client_credentials', scope: 'x' }, '5990f789d4cf1bb024a90ded'],
    [{ type: 'hmac', secret: 's', header: 'x-sign' }, 'c5f703bec2560d1bc2bffed4'],
  ] as const)('stays: limits and rotated tokens are stored under it: %j', (auth, name) => {
    const streams = { a: { path: '/a', disposition: 'append', schema: { type: 'object' } } } as const;
    const acme = partner.parse({ name: 'acme', baseUrl: 'https://a.example/v1', auth, streams });
    expect(credentialOf(acme)).toBe(name);
  });
});
