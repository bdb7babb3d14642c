import { createVerify, generateKeyPairSync, createHmac, verify as verifyWith } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { explain, NeedsAttention } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import { endpoint, failure, make, nowMs, sentBy, serverUrl, valuesOf } from './support/auth-bench.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: typeof rsa.privateKey, type: 'pkcs8' | 'pkcs1' | 'sec1'): string =>
  key.export({ type, format: 'pem' }).toString();

const read = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString());

function partsOf(token: string): {
  header: unknown;
  claims: Record<string, unknown>;
  signed: string;
  signature: Buffer;
} {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return {
    header: read(header),
    claims: read(claims) as Record<string, unknown>,
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}
const bearerOf = ({ headers }: PageRequest): string => headers.authorization?.replace('Bearer ', '') ?? '';

describe('a JWT', () => {
  test.each([
    ['RS256', pem(rsa.privateKey, 'pkcs8')],
    ['RS256', pem(rsa.privateKey, 'pkcs1')],
    ['RS256', pem(rsa.privateKey, 'pkcs8').replaceAll('\n', String.raw`\n`)],
    ['ES256', pem(ec.privateKey, 'pkcs8')],
    ['ES256', pem(ec.privateKey, 'sec1')],
    ['HS256', 'short'],
  ] as const)('is signed by %s', async (algorithm, key) => {
    const claims = { iss: 'me', aud: 'https://login.acme.example', nested: { a: [1] } };
    const sent = await sentBy(make({ type: 'jwt', algorithm, key, keyId: 'k1', claims, lifetime: '3m' }));
    const { header, claims: claimed, signed, signature } = partsOf(bearerOf(sent));
    expect(header).toEqual({ alg: algorithm, typ: 'JWT', kid: 'k1' });
    const iat = nowMs / 1000 - 10;
    expect(claimed).toEqual({ ...claims, iat, exp: iat + 180, jti: expect.stringMatching(/^[\da-f-]{36}$/) });
    const valid = {
      RS256: () => createVerify('sha256').update(signed).verify(rsa.publicKey, signature),
      ES256: () =>
        verifyWith('sha256', Buffer.from(signed), { key: ec.publicKey, dsaEncoding: 'ieee-p1363' }, signature),
      HS256: () => createHmac('sha256', key).update(signed).digest().equals(signature),
    };
    expect(valid[algorithm]()).toBe(true);
  });

  test('is used again until it ends, and says no more than it has to', async () => {
    let time = nowMs;
    const made = make({ type: 'jwt', algorithm: 'HS256', key: 'k', lifetime: '5m' }, { now: () => time });
    const first = bearerOf(await sentBy(made));
    time += 269_000;
    expect(bearerOf(await sentBy(made))).toBe(first);
    time += 2000;
    expect(bearerOf(await sentBy(made))).not.toBe(first);
    expect(valuesOf(made.known)).toEqual(expect.arrayContaining(['k', first]));
  });

  test.each(['x', pem(rsa.publicKey as never, 'pkcs1' as never)])(
    'a key that cannot sign is named, not shown',
    async (key) => {
      const error = await failure(make({ type: 'jwt', algorithm: 'RS256', key }));
      expect(error).toBeInstanceOf(NeedsAttention);
      expect(explain(error)).toMatch(/^auth\.key cannot sign RS256 \(\w+\): check/);
    },
  );

  test('is exchanged for a token as RFC 7523 has it', async () => {
    const asked = await endpoint(() => ({ body: { access_token: 'A1', instance_url: 'https://x.example' } }));
    const made = make({
      type: 'jwt',
      algorithm: 'RS256',
      key: pem(rsa.privateKey, 'pkcs8'),
      claims: { iss: 'client', sub: 'me@acme.example', aud: 'https://login.salesforce.com' },
      exchange: { url: `${serverUrl()}/services/oauth2/token`, extra: { format: 'json' } },
    });
    expect(bearerOf(await sentBy(made))).toBe('A1');
    const form = Object.fromEntries(new URLSearchParams(asked[0]?.body));
    expect(form).toMatchObject({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', format: 'json' });
    expect(partsOf(form['assertion'] ?? '').claims).toMatchObject({ sub: 'me@acme.example' });
    // Salesforce does not say how long it lives: until it is refused.
    expect(await made.tokens.read()).toEqual({ accessToken: 'A1', expiresAtMs: null, refreshToken: null });
  });

  test('may ask for a token as a bearer: a GitHub App', async () => {
    const asked = await endpoint(() => ({ status: 201, body: { token: 'ghs', expires_at: '2026-11-24T11:00:00Z' } }));
    const made = make({
      type: 'jwt',
      algorithm: 'RS256',
      key: pem(rsa.privateKey, 'pkcs1'),
      claims: { iss: 'app' },
      exchange: {
        url: `${serverUrl()}/app/installations/1/access_tokens`,
        as: 'bearer',
        token: 'token',
        expiresAt: 'expires_at',
      },
    });
    expect(bearerOf(await sentBy(made))).toBe('ghs');
    expect(partsOf(asked[0]?.headers.authorization?.slice(7) ?? '').claims).toMatchObject({ iss: 'app' });
    expect((await made.tokens.read())?.expiresAtMs).toBe(nowMs + 3_600_000);
  });

  test('of a service account of Google needs its JSON and a scope', async () => {
    const asked = await endpoint(() => ({ body: { access_token: 'ya29', expires_in: 3599, token_type: 'Bearer' } }));
    const key = JSON.stringify({
      type: 'service_account',
      client_email: 'me@project.iam.gserviceaccount.com',
      private_key: pem(rsa.privateKey, 'pkcs8'),
      private_key_id: 'k7',
      token_uri: `${serverUrl()}/token`,
    });
    const made = make({ type: 'googleServiceAccount', key, scope: ['a', 'b'], subject: 'person@acme.example' });
    expect(bearerOf(await sentBy(made))).toBe('ya29');
    const { header, claims } = partsOf(new URLSearchParams(asked[0]?.body).get('assertion') ?? '');
    expect(header).toMatchObject({ alg: 'RS256', kid: 'k7' });
    expect(claims).toMatchObject({
      iss: 'me@project.iam.gserviceaccount.com',
      aud: `${serverUrl()}/token`,
      scope: 'a b',
      sub: 'person@acme.example',
    });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600);
    expect((await made.tokens.read())?.expiresAtMs).toBe(nowMs + 3_599_000);
  });
});

/** When the suite of AWS signs. */
const then = (): number => Date.parse('2015-08-30T12:36:00Z');

describe('AWS Signature Version 4', () => {
  const aws = {
    type: 'awsSigv4',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 'service',
  };
  const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

  // The published test suite of AWS, but for paths that it does not encode first: services encode those that come, once more.
  test.each([
    ['get-vanilla', 'GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-unreserved',
      'GET',
      `/?${unreserved}=${unreserved}`,
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    ['post-vanilla', 'POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-vanilla-query',
      'POST',
      '/?Param1=value1',
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
  ] as const)('signs as %s', async (_, method, path, signature) => {
    const request = { method, url: `https://example.amazonaws.com${path}`, headers: {}, body: undefined };
    const { headers } = await sentBy(make(aws, { now: then }), request);
    expect(headers).toMatchObject({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    });
  });

  test('signs the body, a session token and a space that a URL writes as a plus', async () => {
    const made = make({ ...aws, sessionToken: 'canary-session' }, { now: then });
    const send = (body: string, query = 'a=1'): Promise<PageRequest> =>
      sentBy(made, { method: 'POST', url: `https://example.amazonaws.com/?${query}`, headers: {}, body });
    const first = await send('{"a":1}');
    expect(first.headers).toMatchObject({ 'x-amz-security-token': 'canary-session' });
    expect(first.headers.authorization).toContain('x-amz-security-token');
    expect((await send('{"a":2}')).headers.authorization).not.toBe(first.headers.authorization);
    expect((await send('', 'a=b+c')).url).toContain('?a=b%20c');
    expect(valuesOf(made.known)).toEqual(expect.arrayContaining([aws.secretAccessKey, 'canary-session']));
  });
});
