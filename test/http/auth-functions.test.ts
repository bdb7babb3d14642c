import { describe, expect, test } from '@jest/globals';
import { GiveUp } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import type { AuthTools } from '../../definitions/auth.ts';
import { endpoint, make, nowMs, page, pageAt, sentBy, serverUrl, valuesOf } from './support/auth-bench.ts';

const logIn = async ({ cache, send, secret }: AuthTools): Promise<void> => {
  const body = await secret('PASSWORD');
  const { text } = await send({ method: 'POST', url: `${serverUrl()}/login`, headers: {}, body });
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
