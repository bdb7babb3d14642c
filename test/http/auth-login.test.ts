import { describe, expect, test } from '@jest/globals';
import { explain, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { StoredToken } from '../../core/token-store.ts';
import { endpoint, failure, make, nowMs, page, pageAt, sentBy, serverUrl, valuesOf } from './support/auth-bench.ts';

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
    const url = `${serverUrl()}/auth?app=1`;
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
