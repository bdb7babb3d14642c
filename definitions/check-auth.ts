import { createPrivateKey } from 'node:crypto';
import { assertNever } from '../core/assert-never.ts';
import type { Auth, AuthOf, UseOfToken } from './auth.ts';
import { readServiceAccountKey } from './google-service-account.ts';
import type { Path, Problem } from './problem.ts';

/** Rules between the fields of an `auth`, and keys that cannot be used. No value of it is repeated. */
export function checkAuth(auth: Auth, path: Path): Problem[] {
  if (typeof auth === 'function') return [];
  const problem = (name: string, says: string): Problem => ({ path: [...path, ...name.split('.')], says });
  switch (auth.type) {
    case 'oauth2':
      return checkOAuth2(auth, problem);
    case 'login':
      return checkLogin(auth, problem);
    case 'jwt': {
      const url = auth.exchange?.url;
      return [
        ...checkUse(auth, problem),
        ...(auth.lifetime > 0 ? [] : [problem('lifetime', 'expected a duration above 0')]),
        ...(url === undefined || isHttp(url) ? [] : [problem('exchange.url', HTTP)]),
        ...(auth.algorithm.startsWith('HS') || isKeyFor(auth.key, auth.algorithm)
          ? []
          : [
              problem(
                'key',
                `expected a private key in PEM for ${auth.algorithm}; check that the secret holds all of it`,
              ),
            ]),
      ];
    }
    case 'googleServiceAccount': {
      const account = readServiceAccountKey(auth);
      return account !== undefined && isKeyFor(account.private_key, 'RS256')
        ? []
        : [
            problem(
              'key',
              'expected the JSON that Google gives for a service account, with client_email and private_key',
            ),
          ];
    }
    case 'none':
    case 'bearer':
    case 'apiKey':
    case 'basic':
    case 'hmac':
    case 'awsSigv4':
    case 'function':
      return [];
    default:
      return assertNever(auth);
  }
}

type Says = (name: string, says: string) => Problem;

const HTTP = 'expected an http(s) URL';
const isHttp = (url: string): boolean => /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '');

function checkOAuth2(auth: AuthOf<'oauth2'>, problem: Says): Problem[] {
  const { grant, refreshToken, clientSecret, sealKey, authorizeUrl, redirectUri, tokenUrl } = auth;
  const problems: Problem[] = [];
  if (grant === 'refresh_token' && refreshToken === undefined)
    problems.push(problem('refreshToken', 'missing; grant: refresh_token needs the first refresh token'));
  if (grant !== 'refresh_token' && refreshToken !== undefined)
    problems.push(problem('refreshToken', `not used by grant: ${grant}; write grant: refresh_token, or leave it out`));
  if (!isHttp(tokenUrl)) problems.push(problem('tokenUrl', HTTP));
  if (grant !== 'authorization_code') {
    if (clientSecret === undefined) problems.push(problem('clientSecret', `missing; grant: ${grant} needs it`));
    for (const [name, value] of Object.entries({ authorizeUrl, redirectUri, sealKey }))
      if (value !== undefined)
        problems.push(problem(name, `only for grant: authorization_code, not ${grant}; leave one of the two out`));
    return problems;
  }
  if (authorizeUrl === undefined || !isHttp(authorizeUrl))
    problems.push(
      problem(
        'authorizeUrl',
        `${authorizeUrl === undefined ? 'missing; ' : ''}${HTTP}, the partner's page on which a person agrees`,
      ),
    );
  if (clientSecret === undefined && sealKey === undefined)
    problems.push(
      problem(
        'sealKey',
        'missing; without a clientSecret a secret of your own is needed, which stored tokens are sealed with',
      ),
    );
  if (redirectUri !== undefined && !URL.canParse(redirectUri)) problems.push(problem('redirectUri', 'expected a URL'));
  return problems;
}

/** `Authorization` is a header's name. */
function checkUse(
  { use, token }: { readonly use: UseOfToken; readonly token?: AuthOf<'login'>['token'] },
  problem: Says,
): Problem[] {
  const named = use.in === 'header' || use.name !== undefined;
  if (named || (use.in === 'cookie' && typeof token === 'object' && 'cookie' in token)) return [];
  return [problem('use.name', `missing; a token in: ${use.in} needs a name there`)];
}

function checkLogin(auth: AuthOf<'login'>, problem: Says): Problem[] {
  const { url, method, as, credentials } = auth;
  const problems = checkUse(auth, problem);
  if (!(url.startsWith('/') && !url.startsWith('//')) && !isHttp(url))
    problems.push(problem('url', 'expected an http(s) URL, or a path behind baseUrl such as /login'));
  if (method === 'GET' && (as === 'json' || as === 'form'))
    problems.push(problem('as', `a GET request has no body; write method: POST, or as: query or basic`));
  if (as === 'basic' && (typeof credentials['username'] !== 'string' || typeof credentials['password'] !== 'string'))
    problems.push(problem('credentials', 'expected username and password, as: basic sends these two'));
  return problems;
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  RS: ['rsa'],
  PS: ['rsa', 'rsa-pss'],
  ES: ['ec'],
  Ed: ['ed25519', 'ed448'],
};

function isKeyFor(key: string, algorithm: string): boolean {
  try {
    const { asymmetricKeyType = '' } = createPrivateKey(privateKeyText(key));
    return kinds[algorithm.slice(0, 2)]?.includes(asymmetricKeyType) === true;
  } catch {
    return false;
  }
}

/** Environments often hold the line ends of a PEM as the two characters \n. */
export const privateKeyText = (key: string): string =>
  key.includes('\n') ? key : key.replaceAll(String.raw`\n`, '\n');
