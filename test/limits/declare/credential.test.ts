import { expect, test } from '@jest/globals';
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
