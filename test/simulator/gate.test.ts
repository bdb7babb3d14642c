import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SimulatorOptions } from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/start.ts';
import type { Simulator } from '../../simulator/start.ts';
import { getJson } from './walk.ts';

const open: Simulator[] = [];
const start = async (options: SimulatorOptions): Promise<Simulator> => {
  const simulator = await startSimulator({ payments: 5, ...options });
  open.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return response.status;
};
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('static credentials', () => {
  const cases: [string, SimulatorOptions['auth'], Record<string, string>, Record<string, string>][] = [
    ['bearer', { type: 'bearer', token: 't1' }, { authorization: 'Bearer t1' }, { authorization: 'Bearer t2' }],
    ['api key', { type: 'apiKey', name: 'X-Key', key: 'k1' }, { 'x-key': 'k1' }, { 'x-key': 'k' }],
    [
      'basic',
      { type: 'basic', username: 'u', password: 'p:q' },
      { authorization: basic('u', 'p:q') },
      { authorization: basic('u', 'p') },
    ],
  ];
  test.each(cases)('%s lets the right one in and no other', async (_, auth, right, wrong) => {
    const simulator = await start({ auth: auth ?? { type: 'none' } });
    const url = `${simulator.url}/v1/payments`;
    expect([await statusOf(url, right), await statusOf(url, wrong), await statusOf(url)]).toEqual([200, 401, 401]);
    expect(simulator.requests().map((each) => each.key)).toEqual([
      expect.stringMatching(/^[0-9a-f]{8}$/),
      expect.any(String),
      'none',
    ]);
  });

  test('an API key in the query works and is hidden in what was seen', async () => {
    const simulator = await start({ auth: { type: 'apiKey', in: 'query', name: 'key', key: 'geheim' } });
    expect(await statusOf(`${simulator.url}/v1/payments?key=geheim&limit=1`)).toBe(200);
    expect(await statusOf(`${simulator.url}/v1/payments?key=other`)).toBe(401);
    expect(JSON.stringify(simulator.requests())).not.toContain('geheim');
  });
});

const post = async (simulator: Simulator, form: Record<string, string>, headers: Record<string, string> = {}) => {
  const response = await fetch(`${simulator.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const client = { client_id: 'sim-client', client_secret: 'sim-secret' };
const use = (simulator: Simulator, token: string | undefined) =>
  statusOf(`${simulator.url}/v1/payments`, { authorization: `Bearer ${token}` });

describe('OAuth 2', () => {
  test('client credentials work in the body and as Basic', async () => {
    const simulator = await start({ auth: { type: 'oauth2' } });
    const inBody = await post(simulator, { grant_type: 'client_credentials', ...client });
    const asBasic = await post(
      simulator,
      { grant_type: 'client_credentials' },
      { authorization: basic('sim-client', 'sim-secret') },
    );
    expect(inBody).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600 } });
    expect([
      await use(simulator, inBody.body['access_token']),
      await use(simulator, asBasic.body['access_token']),
    ]).toEqual([200, 200]);
  });

  test.each([
    [{ grant_type: 'client_credentials', client_id: 'sim-client', client_secret: 'no' }, 401, 'invalid_client'],
    [{ grant_type: 'password', ...client }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token', refresh_token: 'no', ...client }, 400, 'invalid_grant'],
  ])('%j is refused', async (form, status, error) => {
    const simulator = await start({ auth: { type: 'oauth2' } });
    expect(await post(simulator, form as Record<string, string>)).toEqual({ status, body: { error } });
  });

  test('a refresh token works once', async () => {
    const simulator = await start({ auth: { type: 'oauth2' } });
    const refresh = (token: string | undefined) =>
      post(simulator, { grant_type: 'refresh_token', refresh_token: String(token), ...client });
    const first = await refresh('sim-refresh');
    expect(await refresh('sim-refresh')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const second = await refresh(first.body['refresh_token']);
    expect(second.status).toBe(200);
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token']);
    expect(await use(simulator, second.body['access_token'])).toBe(200);
  });

  test('a token ends with its time', async () => {
    let nowMs = 1_000_000;
    const simulator = await start({ auth: { type: 'oauth2', expiresInSecs: 10 }, clock: () => nowMs });
    const { body } = await post(simulator, { grant_type: 'client_credentials', ...client });
    nowMs += 9_999;
    expect(await use(simulator, body['access_token'])).toBe(200);
    nowMs += 1;
    expect(await use(simulator, body['access_token'])).toBe(401);
  });

  test('a token ends after so many requests', async () => {
    const simulator = await start({ auth: { type: 'oauth2', expiresAfterRequests: 2 } });
    const { body } = await post(simulator, { grant_type: 'client_credentials', ...client });
    const token = body['access_token'];
    expect([await use(simulator, token), await use(simulator, token), await use(simulator, token)]).toEqual([
      200, 200, 401,
    ]);
  });

  test('the fault expired_token ends the token in use until a new one is fetched', async () => {
    const simulator = await start({ auth: { type: 'oauth2' }, faults: [{ kind: 'expired_token', nth: 2 }] });
    const token = async () =>
      (await post(simulator, { grant_type: 'client_credentials', ...client })).body['access_token'];
    const first = await token();
    expect([await use(simulator, first), await use(simulator, first), await use(simulator, first)]).toEqual([
      200, 401, 401,
    ]);
    expect(await use(simulator, await token())).toBe(200);
  });
});

const sign = (stamp: number, path: string, query: string, secret = 's1') =>
  `sha256=${createHmac('sha256', secret).update(`${stamp}:GET:${path}?${query}:`).digest('hex')}`;

describe('signed requests', () => {
  const nowMs = Date.parse('2026-03-01T12:00:00Z');
  const template = '{timestamp}:{method}:{path}?{query}:{body}';
  const stamp = nowMs / 1000;
  const right = sign(stamp, '/v1/payments', 'limit=2');
  test.each([
    ['the right signature', right, stamp, 200],
    ['another path', sign(stamp, '/v1/refunds', 'limit=2'), stamp, 401],
    ['another query', sign(stamp, '/v1/payments', 'limit=3'), stamp, 401],
    ['another secret', sign(stamp, '/v1/payments', 'limit=2', 's2'), stamp, 401],
    ['another time than signed', right, stamp + 1, 401],
    ['no prefix', right.slice(7), stamp, 401],
    ['the last second of tolerance', sign(stamp - 300, '/v1/payments', 'limit=2'), stamp - 300, 200],
    ['an old time', sign(stamp - 301, '/v1/payments', 'limit=2'), stamp - 301, 401],
    ['a time too far ahead', sign(stamp + 301, '/v1/payments', 'limit=2'), stamp + 301, 401],
  ])('%s', async (_, signature, timestamp, status) => {
    const simulator = await start({
      auth: { type: 'hmac', secret: 's1', prefix: 'sha256=', timestampHeader: 'X-Time', template },
      clock: () => nowMs,
    });
    const headers = { 'x-signature': signature, 'x-time': String(timestamp) };
    expect(await statusOf(`${simulator.url}/v1/payments?limit=2`, headers)).toBe(status);
  });
});

test('limits answer before authorization, and tell the violation', async () => {
  const simulator = await start({
    auth: { type: 'bearer' },
    limits: { window: { limit: 1, perMs: 60_000 }, headers: 'ietf' },
    clock: () => 45_000,
  });
  await getJson(`${simulator.url}/v1/payments`);
  const response = await fetch(`${simulator.url}/v1/payments`);
  await response.arrayBuffer();
  expect([response.status, response.headers.get('retry-after'), response.headers.get('ratelimit')]).toEqual([
    429,
    '15',
    '"window";r=0;t=15',
  ]);
  expect(simulator.stats()).toMatchObject({ requests: 2, throttled: 1, violations: 1, byStatus: { 401: 1, 429: 1 } });
  simulator.set({ limits: {} });
  expect(await statusOf(`${simulator.url}/v1/payments`, { authorization: 'Bearer sim-token' })).toBe(200);
});
