import { GiveUp, NeedsAttention } from '../core/errors.ts';
import type { PageRequest } from '../core/page.ts';
import type { Auth, AuthFunction, ReadSecret } from '../definitions/definition.ts';
import { assertNever } from '../core/assert-never.ts';
import { createOAuth2 } from './auth/oauth2.ts';
import { signHmac } from './auth/sign-hmac.ts';
import { withHeader } from './auth/with-header.ts';
import type { TokenExchange } from './auth/token-exchange.ts';
import type { TokenStore } from './token-store.ts';

export interface Authorizer {
  /** The request with its credentials. It must not be logged or stored. */
  readonly authorize: (request: PageRequest) => Promise<PageRequest>;
  /**
   * After a refusal: gets another token; false when this kind of auth has none. Given the refused request (the object
   * that was passed to `authorize`), it spares the exchange if someone has renewed the token meanwhile.
   */
  readonly refresh: (refused?: PageRequest) => Promise<boolean>;
  readonly canRefresh: boolean;
}

export interface AuthorizerDeps {
  readonly auth: Auth;
  readonly tokens: TokenStore;
  readonly exchange: TokenExchange;
  /** For auth functions; without it they get none. */
  readonly secret?: ReadSecret;
  /** Epoch ms. */
  readonly now: () => number;
}

export function createAuthorizer({ auth, tokens, exchange, secret = noSecrets, now }: AuthorizerDeps): Authorizer {
  if (typeof auth === 'function')
    return unrenewable((request) => callFunction(() => auth(request, new Date(now()), secret)));
  switch (auth.type) {
    case 'none':
      return unrenewable((request) => request);
    case 'bearer':
      return unrenewable((request) => withHeader(request, 'authorization', `Bearer ${auth.token}`));
    case 'apiKey':
      return unrenewable((request) =>
        auth.in === 'header' ? withHeader(request, auth.name, auth.key) : withQuery(request, auth.name, auth.key),
      );
    case 'basic': {
      const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
      return unrenewable((request) => withHeader(request, 'authorization', `Basic ${credentials}`));
    }
    case 'hmac':
      return unrenewable((request) => signHmac(auth, request, now()));
    case 'oauth2':
      return createOAuth2({ auth, tokens, exchange, now });
    default:
      return assertNever(auth);
  }
}

function unrenewable(authorize: (request: PageRequest) => PageRequest | Promise<PageRequest>): Authorizer {
  return { authorize: async (request) => authorize(request), refresh: async () => false, canRefresh: false };
}

function withQuery(request: PageRequest, name: string, value: string): PageRequest {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url: url.href };
}

const noSecrets: ReadSecret = () => Promise.reject(new NeedsAttention('there are no secrets here'));

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
