import { NeedsAttention } from '../core/errors.ts';
import type { PageRequest } from '../core/page.ts';
import type { TokenStore } from '../core/token-store.ts';
import { assertNever } from '../core/assert-never.ts';
import type { Auth, ReadSecret } from '../definitions/auth.ts';
import { basicOf } from './auth/basic-of.ts';
import { byFunction } from './auth/by-function.ts';
import { google } from './auth/google.ts';
import { heldToken, type TokenKind } from './auth/held-token.ts';
import { jwt } from './auth/jwt.ts';
import { login } from './auth/login.ts';
import { noteSecrets } from './auth/note-secrets.ts';
import { oauth2 } from './auth/oauth2.ts';
import { withQuery } from './auth/place-token.ts';
import { signAws } from './auth/sign-aws.ts';
import { signHmac } from './auth/sign-hmac.ts';
import type { Permitted, TokenExchange } from './auth/token-exchange.ts';
import { withHeader } from './auth/with-header.ts';
import { KnownSecrets, type KnownSecret } from './known-secrets.ts';

export interface Authorizer {
  /**
   * Before the request waits for its permit: gets the token that `authorize` will send with it, so that no permit is held while a
   * login waits for one. What is not prepared gets its token without a permit.
   */
  readonly prepare?: (request: PageRequest, permitted?: Permitted) => Promise<void>;
  /** The request with its credentials. It must not be logged or stored. */
  readonly authorize: (request: PageRequest) => Promise<PageRequest>;
  /**
   * After a refusal: gets another token; false when this kind of auth has none. Given the refused request (the object
   * that was passed to `authorize`), it spares the exchange if someone has renewed the token meanwhile.
   */
  readonly refresh: (refused?: PageRequest, permitted?: Permitted) => Promise<boolean>;
  readonly canRefresh: boolean;
  /** In words, where a token goes that the partner may want elsewhere. */
  readonly placed?: string;
  /** The secrets that requests carry, those of these names up to date, so that what repeats them is not stored. */
  readonly secrets: (names: readonly string[], permitted?: Permitted) => Promise<readonly KnownSecret[]>;
}

export interface AuthorizerDeps {
  readonly auth: Auth;
  /** What a login's own path is behind. */
  readonly baseUrl?: string;
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
  const { auth, baseUrl = '', tokens, exchange, secret = noSecrets, known = new KnownSecrets(), now } = deps;
  if (typeof auth === 'function') return byFunction(auth, { exchange, secret, known, now });
  noteSecrets(auth, known);
  const fixed = (authorize: (request: PageRequest) => PageRequest | Promise<PageRequest>): Authorizer => ({
    authorize: async (request) => authorize(request),
    refresh: async () => false,
    canRefresh: false,
    secrets: async () => known.list(),
  });
  const held = (kind: TokenKind): Authorizer => heldToken(kind, { tokens, secrets: known, now });
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
    case 'awsSigv4':
      return fixed((request) => signAws(auth, request, now()));
    case 'oauth2':
      return held(oauth2(auth, exchange));
    case 'login':
      return held(login(auth, { baseUrl, exchange }));
    case 'jwt':
      return held(jwt(auth, { exchange, now }));
    case 'googleServiceAccount':
      return held(google(auth, { exchange, now }));
    case 'function':
      return byFunction(auth, { exchange, secret, known, now });
    default:
      return assertNever(auth);
  }
}

const noSecrets: ReadSecret = () => Promise.reject(new NeedsAttention('there are no secrets here'));
