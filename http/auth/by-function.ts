import { GiveUp, InvalidInput, NeedsAttention, RetryLater, Throttled } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import type { AuthFunction, AuthOf, AuthTools, ReadSecret } from '../../definitions/auth.ts';
import type { Authorizer } from '../auth.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import { authCache, FROM_CACHE } from './auth-cache.ts';
import type { Permitted, TokenExchange } from './token-exchange.ts';

export interface FunctionDeps {
  readonly exchange: TokenExchange;
  readonly secret: ReadSecret;
  readonly known: KnownSecrets;
  readonly now: () => number;
}

/** What a function takes from elsewhere than `secret` and the cache is not known. */
export function byFunction(auth: AuthFunction | AuthOf<'function'>, deps: FunctionDeps): Authorizer {
  const { known, now } = deps;
  const { authorize, prepare, onUnauthorized } =
    typeof auth === 'function' ? { authorize: auth, prepare: undefined, onUnauthorized: undefined } : auth;
  const cache = authCache(deps);
  const read: ReadSecret = async (name) => {
    const value = await deps.secret(name);
    known.note(`${FROM_SECRETS}${name}`, value);
    return value;
  };
  const tools = (permitted: Permitted | undefined): AuthTools => ({
    now: new Date(now()),
    secret: read,
    cache,
    send: async (request) => {
      const { status, headers, text } = await deps.exchange(request, permitted);
      return { status, headers, text };
    },
  });
  const usedBy = new WeakMap<PageRequest, number>();
  let renewals = 0;
  const inTurn = oneAtATime();
  return {
    canRefresh: onUnauthorized !== undefined,
    prepare: async (request, permitted) => {
      if (prepare !== undefined) await inTurn(() => called('prepare', () => prepare(tools(permitted))));
      usedBy.set(request, renewals);
    },
    authorize: (request) => called('', () => authorize(request, new Date(now()), read, cache)),
    refresh: async (request, permitted) =>
      onUnauthorized !== undefined &&
      inTurn(async () => {
        // Another request was refused with the same credentials, and they are new since then.
        if (request !== undefined && (usedBy.get(request) ?? renewals) < renewals) return true;
        const again = await called('onUnauthorized', () => onUnauthorized(tools(permitted)));
        if (again) renewals += 1;
        return again;
      }),
    secrets: async (names, permitted) => {
      // Before its first request: a cursor that another process has stored.
      if (prepare !== undefined && names.some((name) => name.startsWith(FROM_CACHE)))
        await inTurn(() => called('prepare', () => prepare(tools(permitted))));
      for (const name of names) if (name.startsWith(FROM_SECRETS)) await read(name.slice(FROM_SECRETS.length));
      return known.list();
    },
  };
}

const FROM_SECRETS = 'secret.';

function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** Ours name the secret that is missing or the endpoint, never a value. */
const ours = [NeedsAttention, RetryLater, Throttled, InvalidInput] as const;

async function called<T>(name: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (ours.some((kind) => error instanceof kind)) throw error;
    // Its message may quote a secret, so only the kind of error goes on.
    const kind = error instanceof Error ? error.name : typeof error;
    throw new GiveUp(`the auth function${name === '' ? '' : ` "${name}"`} threw a ${kind}`);
  }
}
