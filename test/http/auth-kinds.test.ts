import { createVerify, generateKeyPairSync, createHmac, verify as verifyWith } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { explain, GiveUp, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import type { StoredToken, TokenStore } from '../../core/token-store.ts';
import { auth as authSchema, type AuthTools } from '../../definitions/auth.ts';
import { createTokenExchange } from '../../http/auth/token-exchange.ts';
import { createAuthorizer, type Authorizer } from '../../http/auth.ts';
import { KnownSecrets } from '../../http/known-secrets.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import { serve, type LocalServer } from './support/local-server.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: unknown;
}

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function endpoint(reply: (asked: Asked, count: number) => Reply): Promise<Asked[]> {
  const all: Asked[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    await once(request, 'end');
    const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    all.push(asked);
    const { status = 200, headers = {}, body: said = {} } = reply(asked, all.length);
    response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said));
  };
  server = await serve((request, response) => void answer(request, response));
  return all;
}

const nowMs = Date.parse('2026-11-24T10:00:00Z');
const pageAt = (url: string): PageRequest => ({
  method: 'GET',
  url,
  headers: { accept: 'application/json' },
  body: undefined,
});
const page = pageAt('https://api.acme.example/v2/orders?a=1');

interface Made {
  readonly authorizer: Authorizer;
  readonly known: KnownSecrets;
  readonly tokens: TokenStore;
}

function make(auth: unknown, { tokens = createMemoryTokenStore(), now = () => nowMs } = {}): Made {
  const known = new KnownSecrets();
  const authorizer = createAuthorizer({
    auth: authSchema.parse(auth),
    baseUrl: `${server?.url}/v2`,
    tokens,
    exchange: createTokenExchange({ timeoutMs: 2000, now }),
    secret: async (name) => `secret of ${name}`,
    known,
    now,
  });
  return { authorizer, known, tokens };
}
const sentBy = async ({ authorizer }: Made, request = page): Promise<PageRequest> => authorizer.authorize(request);
const failure = (made: Made): Promise<unknown> => sentBy(made).catch((error: unknown) => error);
const valuesOf = (known: KnownSecrets): string[] => known.list().flatMap(({ values }) => values);

describe('a login', () => {
  const credentials = { username: 'me', password: 'canary-password' };

  test.each([
    ['json', { as: 'json' }, 'POST', '/v2/login', JSON.stringify(credentials), 'application/json'],
    [
      'form',
      { as: 'form' },
      'POST',
      '/v2/login',
      'username=me&password=canary-password',
      'application/x-www-form-urlencoded',
    ],
    ['query', { as: 'query', method: 'GET' }, 'GET', '/v2/login?username=me&password=canary-password', '', undefined],
    ['basic', { as: 'basic' }, 'POST', '/v2/login', '', undefined],
  ])('sends its credentials as %s', async (as, more, method, url, body, type) => {
    const asked = await endpoint(() => ({ body: { data: { token: 'canary-t1' } } }));
    const made = make({
      type: 'login',
      url: '/login',
      credentials,
      token: 'data.token',
      headers: { 'X-App': 'a' },
      ...more,
    });
    expect((await sentBy(made)).headers).toEqual({ ...page.headers, authorization: 'Bearer canary-t1' });
    expect(asked).toMatchObject([{ method, url, body, headers: { 'x-app': 'a' } }]);
    expect(asked[0]?.headers['content-type']).toBe(type);
    expect(asked[0]?.headers.authorization).toBe(as === 'basic' ? `Basic ${btoa('me:canary-password')}` : undefined);
    expect(valuesOf(made.known)).toEqual(expect.arrayContaining(['canary-password', 'canary-t1']));
  });

  test.each([
    ['a path', 'a.b', { body: { a: { b: 'T' } } }, {}, { authorization: 'Bearer T' }],
    ['a name with a dot', 'a.b', { body: { 'a.b': 'T' } }, {}, { authorization: 'Bearer T' }],
    ['a number', 'id', { body: { id: 42 } }, {}, { authorization: 'Bearer 42' }],
    ['the whole text', '', { body: 'T\n' }, {}, { authorization: 'Bearer T' }],
    ['the whole JSON', '', { body: '"T"' }, {}, { authorization: 'Bearer T' }],
    [
      'a header',
      { header: 'X-Session' },
      { headers: { 'X-Session': 'T' } },
      { in: 'header', name: 'X-Session' },
      { 'x-session': 'T' },
    ],
    [
      'a cookie',
      { cookie: 'sid' },
      { headers: { 'set-cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'sid=T; Path=/; HttpOnly', 'b=2'] } },
      { in: 'cookie' },
      { cookie: 'sid=T' },
    ],
    [
      'a cookie of a redirect',
      { cookie: 'sid' },
      { status: 302, headers: { location: '/home', 'set-cookie': 'sid=T' } },
      { in: 'cookie', name: 'session' },
      { cookie: 'session=T' },
    ],
    ['a prefix of its own', 't', { body: { t: 'T' } }, { prefix: 'Token token=' }, { authorization: 'Token token=T' }],
    ['no prefix', 't', { body: { t: 'T' } }, { prefix: '' }, { authorization: 'T' }],
  ])('reads its token from %s', async (_, token, reply, use, headers) => {
    await endpoint(() => reply);
    const { headers: sent } = await sentBy(make({ type: 'login', url: '/login', token, use }));
    expect(sent).toEqual({ ...page.headers, ...headers });
  });

  test('may put it into the query, and log in elsewhere', async () => {
    const asked = await endpoint(() => ({ body: { t: 'a&b' } }));
    const url = `${server?.url}/auth?app=1`;
    const { url: sent } = await sentBy(make({ type: 'login', url, token: 't', use: { in: 'query', name: 'session' } }));
    expect([...new URL(sent).searchParams]).toEqual([
      ['a', '1'],
      ['session', 'a&b'],
    ]);
    expect(asked[0]?.url).toBe('/auth?app=1');
  });

  test.each([
    [{ expiresIn: '20m' }, {}, 20 * 60_000],
    [{ expiresIn: 'ttl' }, { ttl: 60 }, 60_000],
    [{ expiresIn: 'ttl' }, { ttl: '60' }, 60_000],
    [{ expiresIn: 'ttl' }, {}, null],
    [{ expiresAt: 'until' }, { until: '2026-11-24T10:01:00Z' }, 60_000],
    [{ expiresAt: 'until' }, { until: '2026-11-24 10:01:00' }, 60_000],
    [{ expiresAt: 'until' }, { until: '2026-11-24T11:01:00+01:00' }, 60_000],
    [{ expiresAt: 'until' }, { until: nowMs / 1000 + 60 }, 60_000],
    [{ expiresAt: 'until' }, { until: nowMs + 60_000 }, 60_000],
    [{ expiresAt: 'until' }, { until: 'soon' }, null],
    [{ expiresAt: 'until' }, { until: '2026-11-24T09:00:00Z' }, null],
    [{}, {}, null],
  ])('lives as long as %j says of %j', async (how, more, livesMs) => {
    await endpoint(() => ({ body: { t: 'T', ...more } }));
    const made = make({ type: 'login', url: '/login', token: 't', ...how });
    await sentBy(made);
    const stored = (await made.tokens.read()) as StoredToken;
    expect(stored.expiresAtMs).toBe(livesMs === null ? null : nowMs + livesMs);
  });

  test('comes anew when the token ends, and once for all that are refused', async () => {
    const asked = await endpoint((_, count) => ({ body: { t: `T${count}` } }));
    let time = nowMs;
    const made = make({ type: 'login', url: '/login', token: 't', expiresIn: '10m' }, { now: () => time });
    await Promise.all([sentBy(made), sentBy(made), sentBy(made)]);
    expect(asked).toHaveLength(1);
    time += 570_001;
    expect((await sentBy(made)).headers.authorization).toBe('Bearer T2');
    const requests = [1, 2, 3].map((i) => pageAt(`https://api.acme.example/${i}`));
    for (const request of requests) await made.authorizer.authorize(request);
    expect(await Promise.all(requests.map((request) => made.authorizer.refresh(request)))).toEqual([true, true, true]);
    expect(await made.authorizer.refresh(requests[0])).toBe(true);
    expect(asked).toHaveLength(3);
    expect((await sentBy(made)).headers.authorization).toBe('Bearer T3');
  });

  test('is shared by all who share the store', async () => {
    const asked = await endpoint((_, count) => ({ body: { t: `T${count}` } }));
    const auth = { type: 'login', url: '/login', token: 't', expiresIn: '10m' };
    const first = make(auth);
    const second = make(auth, { tokens: first.tokens });
    const sent = await Promise.all([sentBy(first), sentBy(second)]);
    expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer T1', 'Bearer T1']);
    expect(asked).toHaveLength(1);
  });

  test('a request is sent with the token that was there before its permit, even if it ends meanwhile', async () => {
    const asked = await endpoint((_, count) => ({ body: { t: `T${count}` } }));
    let time = nowMs;
    const { authorizer } = make({ type: 'login', url: '/login', token: 't', expiresIn: '1m' }, { now: () => time });
    await authorizer.prepare?.(page);
    time += 120_000;
    expect((await authorizer.authorize(page)).headers.authorization).toBe('Bearer T1');
    expect(asked).toHaveLength(1);
  });

  test.each([
    [
      'refused',
      { status: 401, body: { error: 'canary-password' } },
      NeedsAttention,
      'the login answered 401: check auth.url and auth.credentials',
    ],
    [
      'without a token',
      { body: { ok: false, says: 'canary-password' } },
      NeedsAttention,
      'the login answered 200 without a token at t: check',
    ],
    ['not JSON', { body: '<p>canary-password' }, NeedsAttention, 'without a token at t'],
    ['with a token no header can carry', { body: { t: 'a\nb' } }, NeedsAttention, 'without a token at t'],
    ['busy', { status: 429, headers: { 'retry-after': '7' } }, RetryLater, 'the login answered 429'],
    ['down', { status: 502 }, RetryLater, 'the login answered 502'],
  ])('that is answered %s says what to do, and repeats nothing', async (_, reply, kind, says) => {
    await endpoint(() => reply);
    const error = await failure(make({ type: 'login', url: '/login', credentials, token: 't' }));
    expect(error).toBeInstanceOf(kind);
    expect(explain(error)).toContain(says);
    expect(explain(error)).not.toContain('canary');
    expect((error as { afterMs?: number }).afterMs).toBe('headers' in reply ? 7000 : undefined);
  });

  test('names of a login are no secrets, all else is', () => {
    const { known } = make({
      type: 'login',
      url: '/login',
      token: 't',
      credentials: { grant_type: 'password', email: 'me@acme.example', inner: { pin: '123456' }, apiSecret: 'abcdef' },
      headers: { 'X-Api-Key': 'ghijkl', 'X-App': 'app-name' },
    });
    const values = valuesOf(known);
    expect(values).toEqual(expect.arrayContaining(['123456', 'abcdef', 'ghijkl']));
    for (const plain of ['password', 'me@acme.example', 'app-name']) expect(values).not.toContain(plain);
  });
});

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
      exchange: { url: `${server?.url}/services/oauth2/token`, extra: { format: 'json' } },
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
        url: `${server?.url}/app/installations/1/access_tokens`,
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
      token_uri: `${server?.url}/token`,
    });
    const made = make({ type: 'googleServiceAccount', key, scope: ['a', 'b'], subject: 'person@acme.example' });
    expect(bearerOf(await sentBy(made))).toBe('ya29');
    const { header, claims } = partsOf(new URLSearchParams(asked[0]?.body).get('assertion') ?? '');
    expect(header).toMatchObject({ alg: 'RS256', kid: 'k7' });
    expect(claims).toMatchObject({
      iss: 'me@project.iam.gserviceaccount.com',
      aud: `${server?.url}/token`,
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

const logIn = async ({ cache, send, secret }: AuthTools): Promise<void> => {
  const body = await secret('PASSWORD');
  const { text } = await send({ method: 'POST', url: `${server?.url}/login`, headers: {}, body });
  cache.set('token', text);
};

const fails = (): never => {
  throw new TypeError('canary');
};

describe('a function', () => {
  test('keeps what it likes in a cache, as long as it says, and texts as secrets', async () => {
    let time = nowMs;
    let made = 0;
    const authorize = async (
      request: PageRequest,
      _now: Date,
      secret: (name: string) => Promise<string>,
      cache: AuthTools['cache'],
    ) => {
      if (cache.get('token') === undefined) cache.set('token', `${await secret('A')} ${++made}`, { ttl: '1m' });
      return { ...request, headers: { 'x-token': String(cache.get('token')) } };
    };
    const all = make(authorize, { now: () => time });
    expect((await sentBy(all)).headers).toEqual({ 'x-token': 'secret of A 1' });
    expect((await sentBy(all)).headers).toEqual({ 'x-token': 'secret of A 1' });
    time += 60_000;
    expect((await sentBy(all)).headers).toEqual({ 'x-token': 'secret of A 2' });
    expect(valuesOf(all.known)).toEqual(expect.arrayContaining(['secret of A', 'secret of A 2']));
    expect(all.authorizer.canRefresh).toBe(false);
  });

  test('logs in before a request, and again when one is refused: once for all', async () => {
    const asked = await endpoint((_, count) => ({ body: `T${count}` }));
    const made = make({
      type: 'function',
      prepare: async (tools: AuthTools) => {
        if (tools.cache.get('token') === undefined) await logIn(tools);
      },
      authorize: (request: PageRequest, _now: Date, _secret: unknown, cache: AuthTools['cache']) => ({
        ...request,
        headers: { 'x-token': String(cache.get('token')) },
      }),
      onUnauthorized: async (tools: AuthTools) => {
        await logIn(tools);
        return true;
      },
    });
    const { authorizer } = made;
    const requests = [1, 2, 3].map((i) => pageAt(`https://api.acme.example/${i}`));
    await Promise.all(requests.map(async (request) => authorizer.prepare?.(request)));
    expect((await authorizer.authorize(requests[0] as PageRequest)).headers).toEqual({ 'x-token': 'T1' });
    expect(authorizer.canRefresh).toBe(true);
    expect(await Promise.all(requests.map((request) => authorizer.refresh(request)))).toEqual([true, true, true]);
    expect((await authorizer.authorize(requests[1] as PageRequest)).headers).toEqual({ 'x-token': 'T2' });
    expect(asked.map(({ body }) => body)).toEqual(['secret of PASSWORD', 'secret of PASSWORD']);
  });

  test.each(['prepare', 'onUnauthorized'])('what %s throws does not reach the message', async (name) => {
    const { authorizer } = make({ type: 'function', authorize: (request: PageRequest) => request, [name]: fails });
    const calling = name === 'prepare' ? authorizer.prepare?.(page) : authorizer.refresh(page);
    await expect(calling).rejects.toThrow(new GiveUp(`the auth function "${name}" threw a TypeError`));
  });
});
