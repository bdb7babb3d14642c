import type { PageRequest } from '../../core/page.ts';
import type { AuthOf } from '../../definitions/auth.ts';
import type { TokenKind } from './held-token.ts';
import { basicOf } from './basic-of.ts';
import { describePlace, placeToken } from './place-token.ts';
import { readGranted } from './read-granted.ts';
import type { TokenExchange } from './token-exchange.ts';

type LoginAuth = AuthOf<'login'>;

/** A log-in of the partner's own kind. */
export function login(
  auth: LoginAuth,
  { baseUrl, exchange }: { readonly baseUrl: string; readonly exchange: TokenExchange },
): TokenKind {
  const otherwise = typeof auth.token === 'object' && 'cookie' in auth.token ? auth.token.cookie : 'Authorization';
  return {
    renewBefore: auth.renewBefore,
    placed: `${describePlace(auth.use, otherwise)}; auth.use says where it goes`,
    place: (request, token) => placeToken(request, token, { use: auth.use, otherwise }),
    obtain: async (_, permitted) =>
      readGranted(await exchange(loginRequest(auth, baseUrl), permitted), {
        ...auth,
        what: 'the login',
        check: 'auth.url and auth.credentials',
      }),
  };
}

export function loginRequest(auth: LoginAuth, baseUrl: string): PageRequest {
  const { as, credentials, method } = auth;
  const url = new URL(behind(auth.url, baseUrl));
  const headers: Record<string, string> = { accept: 'application/json' };
  for (const [name, value] of Object.entries(auth.headers)) headers[name.toLowerCase()] = value;
  const pairs = Object.entries(credentials).map(([name, value]) => [name, textOf(value)] as [string, string]);
  if (as === 'query') for (const [name, value] of pairs) url.searchParams.set(name, value);
  if (as === 'basic') {
    const { username, password } = Object.fromEntries(pairs);
    headers.authorization = `Basic ${basicOf({ username: username ?? '', password: password ?? '' })}`;
  }
  const body =
    as === 'json' ? JSON.stringify(credentials) : as === 'form' ? new URLSearchParams(pairs).toString() : undefined;
  if (body !== undefined)
    headers['content-type'] ??= as === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  return { method, url: url.href, headers, body };
}

/** As the paths of streams: behind `baseUrl`, with its own path. */
const behind = (url: string, baseUrl: string): string =>
  URL.canParse(url) ? url : `${baseUrl.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
