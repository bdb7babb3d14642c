import { GiveUp, NeedsAttention } from '../core/errors.ts';
import type { PageRequest } from '../core/page.ts';
import type { Auth, AuthFunction, ReadSecret } from '../definitions/definition.ts';
import { assertNever } from '../core/assert-never.ts';
import { createOAuth2 } from './auth/oauth2.ts';
import { basicOf, noteSecrets } from './auth/note-secrets.ts';
import { signHmac } from './auth/sign-hmac.ts';
import { withHeader } from './auth/with-header.ts';
import type { TokenExchange } from './auth/token-exchange.ts';
import { KnownSecrets } from './known-secrets.ts';
import type { TellSecrets } from './send-cursor.ts';
import type { TokenStore } from '../core/token-store.ts';

export interface Authorizer {
  /** The request with its credentials. It must not be logged or stored. */
  readonly authorize: (request: PageRequest) => Promise<PageRequest>;
  /**
   * After a refusal: gets another token; false when this kind of auth has none. Given the refused request (the object
   * that was passed to `authorize`), it spares the exchange if someone has renewed the token meanwhile.
   */
  readonly refresh: (refused?: PageRequest) => Promise<boolean>;
  readonly canRefresh: boolean;
  /** The secrets that requests carry, so that what repeats them is not stored. */
  readonly secrets: TellSecrets;
}

export interface AuthorizerDeps {
  readonly auth: Auth;
  readonly tokens: TokenStore;
  readonly exchange: TokenExchange;
  /** For auth functions; without it they get none. */
  readonly secret?: ReadSecret;
  /** Told of what it uses; one of its own when absent. */
  readonly known?: KnownSecrets;
  /** Epoch ms. */
  readonly now: () => number;
}

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { auth, tokens, exchange, secret = noSecrets, known = new KnownSecrets(), now } = deps;
  if (typeof auth === 'function') return byFunction(auth, { secret, known, now });
  noteSecrets(auth, known);
  const fixed = (authorize: (request: PageRequest) => PageRequest): Authorizer =>
    unrenewable(
      async (request) => authorize(request),
      async () => known.list(),
    );
  switch (auth.type) {
    case 'none':
      return fixed((request) => request);
    case 'bearer':
      return fixed((request) => withHeader(request, 'authorization', `Bearer ${auth.token}`));
    case 'apiKey':
      return fixed((request) =>
        auth.in === 'header' ? withHeader(request, auth.name, auth.key) : withQuery(request, auth.name, auth.key),
      );
    case 'basic':
      return fixed((request) => withHeader(request, 'authorization', `Basic ${basicOf(auth)}`));
    case 'hmac':
      return fixed((request) => signHmac(auth, request, now()));
    case 'oauth2':
      return createOAuth2({ auth, tokens, exchange, secrets: known, now });
    default:
      return assertNever(auth);
  }
}

function unrenewable(authorize: Authorizer['authorize'], secrets: TellSecrets): Authorizer {
  return { authorize, refresh: async () => false, canRefresh: false, secrets };
}

function withQuery(request: PageRequest, name: string, value: string): PageRequest {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url: url.href };
}

const noSecrets: ReadSecret = () => Promise.reject(new NeedsAttention('there are no secrets here'));

/** What a function takes from elsewhere than `secret` is not known. */
function byFunction(
  auth: AuthFunction,
  { secret, known, now }: { readonly secret: ReadSecret; readonly known: KnownSecrets; readonly now: () => number },
): Authorizer {
  const read: ReadSecret = async (name) => {
    const value = await secret(name);
    known.note(`${FROM_SECRETS}${name}`, value);
    return value;
  };
  return unrenewable(
    (request) => callFunction(() => auth(request, new Date(now()), read)),
    async (names) => {
      // Before its first request: a cursor that another process has stored.
      for (const name of names) if (name.startsWith(FROM_SECRETS)) await read(name.slice(FROM_SECRETS.length));
      return known.list();
    },
  );
}

const FROM_SECRETS = 'secret.';

async function callFunction(call: () => ReturnType<AuthFunction>): Promise<PageRequest> {
  try {
    return await call();
  } catch (error) {
    // Ours name the secret that is missing, never a value.
    if (error instanceof NeedsAttention) throw error;
    // Its message may quote a secret, so only the kind of error goes on.
    throw new GiveUp(`the auth function threw a ${error instanceof Error ? error.name : typeof error}`);
  }
}
