import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { explain, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import { createTokenExchange } from '../../http/auth/token-exchange.ts';
import { createAuthorizer, type Authorizer } from '../../http/auth.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import type { StoredToken, TokenStore } from '../../core/token-store.ts';
import { auth as authSchema } from '../../definitions/definition.ts';
import { serve, type LocalServer } from './support/local-server.ts';

interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}
interface Asked {
  readonly form: Record<string, string>;
  readonly authorization: string | undefined;
}

let server: LocalServer | undefined;
afterEach(async () => server?.close());

/** A token endpoint that keeps what it was asked. */
async function endpoint(reply: (asked: Asked, count: number) => Reply): Promise<Asked[]> {
  const all: Asked[] = [];
  server = await serve((request, response) => {
    void readForm(request).then((form) => {
      const asked = { form, authorization: request.headers.authorization };
      all.push(asked);
      const { status = 200, headers = {}, body } = reply(asked, all.length);
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  return all;
}

async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return Object.fromEntries(new URLSearchParams(text));
}

const page: PageRequest = { method: 'GET', url: 'https://api.acme.example/orders', headers: {}, body: undefined };
const secrets = { clientId: 'id with space', clientSecret: 'canary-s:%cret' };

function create(
  options: Record<string, unknown>,
  tokens: TokenStore = createMemoryTokenStore(),
  now = () => 1_000_000,
) {
  const auth = {
    type: 'oauth2',
    grant: 'client_credentials',
    tokenUrl: `${server?.url}/token`,
    ...secrets,
    ...options,
  };
  return createAuthorizer({
    auth: authSchema.parse(auth),
    tokens,
    exchange: createTokenExchange({ timeoutMs: 2000, now }),
    now,
  });
}
/** A store whose writes behind the lock are made another way. */
function writing(how: (token: StoredToken, write: TokenStore['write']) => Promise<void>): TokenStore {
  const memory = createMemoryTokenStore();
  return {
    ...memory,
    lock: (work) => memory.lock(({ read, write }) => work({ read, write: (token) => how(token, write) })),
  };
}
const tokenOf = async (authorizer: Authorizer, request = page): Promise<string | undefined> =>
  (await authorizer.authorize(request)).headers.authorization;

/** A server that rotates: each refresh token works once, and using one twice revokes everything. */
function rotating(): (asked: Asked, count: number) => Reply {
  let valid = 'r0';
  return ({ form }, count) => {
    if (form.refresh_token !== valid) return { status: 400, body: { error: 'invalid_grant' } };
    valid = `r${count}`;
    return { body: { access_token: `a${count}`, refresh_token: valid, expires_in: 3600 } };
  };
}

describe('OAuth2', () => {
  test('client credentials go out form-encoded in Basic, with scope and extras', async () => {
    const asked = await endpoint(() => ({ body: { access_token: 'a1', token_type: 'bearer', expires_in: 3600 } }));
    const authorizer = create({ scope: 'read write', extra: { audience: 'x' } });
    expect(await tokenOf(authorizer)).toBe('Bearer a1');
    expect(await tokenOf(authorizer)).toBe('Bearer a1');
    expect(asked).toEqual([
      {
        form: { grant_type: 'client_credentials', scope: 'read write', audience: 'x' },
        authorization: `Basic ${Buffer.from('id+with+space:canary-s%3A%25cret').toString('base64')}`,
      },
    ]);
  });

  test('client credentials go into the body when asked', async () => {
    const asked = await endpoint(() => ({ body: { access_token: 'a1' } }));
    await tokenOf(create({ clientAuth: 'body' }));
    expect(asked[0]?.form).toEqual({
      grant_type: 'client_credentials',
      client_id: secrets.clientId,
      client_secret: secrets.clientSecret,
    });
    expect(asked[0]?.authorization).toBeUndefined();
  });

  test.each([
    [3600, 4_599_999],
    ['3600', 4_599_999],
    [undefined, null],
    [0, null],
    [-5, null],
    ['soon', null],
    [1e15, null],
  ])('expires_in %j is stored as %j', async (expires_in, expiresAtMs) => {
    await endpoint(() => ({ body: { access_token: 'a1', expires_in } }));
    const tokens = createMemoryTokenStore();
    await tokenOf(create({}, tokens, () => 999_999));
    expect(await tokens.read()).toEqual({ accessToken: 'a1', expiresAtMs, refreshToken: null });
  });

  test('a token is renewed before it ends, and one shorter than that margin is still used', async () => {
    const asked = await endpoint((_, count) => ({
      body: { access_token: `a${count}`, expires_in: count === 1 ? 100 : 10 },
    }));
    let nowMs = 0;
    const authorizer = create({ renewBefore: '30s' }, createMemoryTokenStore(), () => nowMs);
    const used: (string | undefined)[] = [];
    for (nowMs of [0, 69_000, 71_000, 75_000, 77_000]) used.push(await tokenOf(authorizer));
    expect(used).toEqual(['Bearer a1', 'Bearer a1', 'Bearer a2', 'Bearer a2', 'Bearer a3']);
    expect(asked).toHaveLength(3);
  });

  test('a rotated refresh token is written before the new access token is used', async () => {
    await endpoint(rotating());
    const events: string[] = [];
    const tokens = writing(async (token, write) => {
      await write(token);
      events.push(`written ${token.refreshToken}`);
    });
    const authorizer = create({ grant: 'refresh_token', refreshToken: 'r0' }, tokens);
    events.push((await tokenOf(authorizer)) ?? '');
    expect(events).toEqual(['written r1', 'Bearer a1']);
  });

  test('when the new token cannot be written, it is not used', async () => {
    await endpoint(rotating());
    const tokens = writing(() => Promise.reject(new Error('disk full')));
    await expect(tokenOf(create({ grant: 'refresh_token', refreshToken: 'r0' }, tokens))).rejects.toThrow('disk full');
  });

  test('many workers that are refused at once use each rotated token once', async () => {
    const asked = await endpoint(rotating());
    const tokens = createMemoryTokenStore();
    const workers = Array.from({ length: 4 }, () => create({ grant: 'refresh_token', refreshToken: 'r0' }, tokens));
    expect(new Set(await Promise.all(workers.map((worker) => tokenOf(worker))))).toEqual(new Set(['Bearer a1']));
    await Promise.all(workers.flatMap((worker) => [worker.refresh(), worker.refresh()]));
    expect(new Set(await Promise.all(workers.map((worker) => tokenOf(worker))))).toEqual(new Set(['Bearer a2']));
    expect(asked.map(({ form }) => form.refresh_token)).toEqual(['r0', 'r1']);
  });

  test('a late refusal of an old token does not spend the new one', async () => {
    const asked = await endpoint(rotating());
    const authorizer = create({ grant: 'refresh_token', refreshToken: 'r0' });
    const [first, second] = [{ ...page }, { ...page }];
    await authorizer.authorize(first);
    await authorizer.authorize(second);
    expect(await authorizer.refresh(first)).toBe(true);
    expect(await authorizer.refresh(second)).toBe(true);
    expect(await tokenOf(authorizer)).toBe('Bearer a2');
    expect(asked).toHaveLength(2);
  });

  test('without a new refresh token in the answer the old one stays', async () => {
    await endpoint(() => ({ body: { access_token: 'a1' } }));
    const tokens = createMemoryTokenStore();
    await tokenOf(create({ grant: 'refresh_token', refreshToken: 'r0' }, tokens));
    expect((await tokens.read())?.refreshToken).toBe('r0');
  });

  test('a refresh token that a person replaced is tried once the stored one is dead', async () => {
    const asked = await endpoint(({ form }) =>
      form.refresh_token === 'new'
        ? { body: { access_token: 'a1' } }
        : { status: 400, body: { error: 'invalid_grant' } },
    );
    const stored: StoredToken = { accessToken: 'old', expiresAtMs: 0, refreshToken: 'dead' };
    const authorizer = create({ grant: 'refresh_token', refreshToken: 'new' }, createMemoryTokenStore(stored));
    expect(await tokenOf(authorizer)).toBe('Bearer a1');
    expect(asked.map(({ form }) => form.refresh_token)).toEqual(['dead', 'new']);
  });

  test.each([
    [{ status: 400, body: { error: 'invalid_grant' } }, NeedsAttention],
    [{ status: 401, body: { error: 'invalid_client', error_description: 'canary' } }, NeedsAttention],
    [{ status: 401, body: 'canary' }, NeedsAttention],
    [{ status: 400, body: { error: 'canary' } }, NeedsAttention],
    [{ status: 200, body: { error: 'invalid_scope' } }, NeedsAttention],
    [{ status: 302, headers: { location: 'https://canary.example' }, body: '' }, NeedsAttention],
    [{ status: 200, body: {} }, NeedsAttention],
    [{ status: 200, body: { access_token: 'canary\nx' } }, NeedsAttention],
    [{ status: 200, body: { access_token: 'canary', token_type: 'mac' } }, NeedsAttention],
    [{ status: 200, body: '<html>canary' }, RetryLater],
    [{ status: 400, body: { error: 'temporarily_unavailable' } }, RetryLater],
    [{ status: 429, headers: { 'retry-after': '7' }, body: 'canary' }, RetryLater],
    [{ status: 500, body: 'canary' }, RetryLater],
    [{ status: 503, body: 'canary' }, RetryLater],
  ])('the answer %j of the token endpoint is %p, and quotes nothing', async (reply: Reply, kind) => {
    await endpoint(() => reply);
    const error: unknown = await create({ grant: 'refresh_token', refreshToken: 'r0' })
      .authorize(page)
      .catch((e) => e);
    expect(error).toBeInstanceOf(kind);
    expect(explain(error)).not.toContain('canary');
  });

  test('a throttled token endpoint is asked again when it says', async () => {
    await endpoint(() => ({ status: 429, headers: { 'retry-after': '7' }, body: '' }));
    await expect(tokenOf(create({}))).rejects.toMatchObject({ name: 'RetryLater', afterMs: 7000 });
  });

  test('a token endpoint that cannot be reached is tried again later', async () => {
    await endpoint(() => ({ body: {} }));
    const authorizer = create({});
    await server?.close();
    await expect(tokenOf(authorizer)).rejects.toBeInstanceOf(RetryLater);
  });

  test('a failed renewal does not stand in the way of the next', async () => {
    await endpoint((_, count) => (count === 1 ? { status: 500, body: '' } : { body: { access_token: 'a2' } }));
    const authorizer = create({});
    await expect(tokenOf(authorizer)).rejects.toBeInstanceOf(RetryLater);
    expect(await tokenOf(authorizer)).toBe('Bearer a2');
  });

  test('a refresh token grant without any refresh token needs a person', async () => {
    await endpoint(() => ({ body: {} }));
    await expect(tokenOf(create({ grant: 'refresh_token' }))).rejects.toBeInstanceOf(NeedsAttention);
  });
});
