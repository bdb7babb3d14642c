import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import type { PageRequest } from '../core/page.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

/** How requests are authorized: docs/auth.md. */

type AnyFunction = (...args: never[]) => unknown;
const fn = <T extends AnyFunction>(): z.ZodType<T, T> =>
  z.custom<T>((value) => typeof value === 'function', 'a function (only in a .ts definition)');
const text = z.string().min(1);

/** What a signing function sees and may change of a request; the body is the exact text that will be sent. */
export interface OutgoingRequest {
  readonly method: PageRequest['method'];
  /** Absolute, with its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}
/** The value of a secret now, as `${NAME}` would have it; throws when there is none. */
export type ReadSecret = (name: string) => Promise<string>;

/** Kept in this process for this partner, or for the stream whose `auth` it is. */
export interface AuthCache {
  readonly get: (key: string) => unknown;
  /** Texts count as secrets from then on: they are stored and shown nowhere. For ever without `ttl`, a duration such as `50m`. */
  readonly set: (key: string, value: unknown, options?: { readonly ttl?: string }) => void;
  readonly delete: (key: string) => void;
}
/** An answer to `send`. Header names are in lower case. */
export interface AuthAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}
/** What `prepare` and `onUnauthorized` work with. */
export interface AuthTools {
  readonly now: Date;
  readonly secret: ReadSecret;
  readonly cache: AuthCache;
  /** One request for a token or a session: it takes a permit and counts, like any other. */
  readonly send: (request: OutgoingRequest) => Promise<AuthAnswer>;
}
/** The escape hatch: returns the request with whatever the partner wants to see. Called once per request, never cached. */
export type AuthFunction = (
  request: OutgoingRequest,
  now: Date,
  secret: ReadSecret,
  cache: AuthCache,
) => OutgoingRequest | Promise<OutgoingRequest>;
/** Before a request waits for its permit, one call at a time: the place to log in. */
export type PrepareAuth = (tools: AuthTools) => void | Promise<void>;
/** After a 401, one call at a time: true to send the refused request once more. */
export type OnUnauthorized = (tools: AuthTools) => boolean | Promise<boolean>;

/** Where a token goes. */
const use = means(
  'how requests carry the token',
  z
    .strictObject({
      in: means('where requests carry the token', z.enum(['header', 'query', 'cookie']).default('header')),
      name: means(
        "name of that header, parameter or cookie; `Authorization` or the cookie's own if absent",
        text.optional(),
      ),
      prefix: means('text before the token; `Bearer ` in `Authorization`, else none', z.string().optional()),
    })
    .prefault({}),
);
export type UseOfToken = z.output<typeof use>;

const renewBefore = means('how long before its end a token is renewed', durationMs.default(30_000));
const extra = means(
  'further parameters of the request for a token, by name',
  z.record(z.string(), z.string()).default({}),
);

/** A duration, or the path in the answer of the seconds that a token lives. */
const expiresIn = text.transform((value) => {
  const forMs = parseDuration(value);
  return forMs === undefined ? { path: value } : { forMs };
});
const tokenPlace = means(
  "where the answer has the token: a path in its JSON ('' is all of it), `{ header }` or `{ cookie }`",
  z.union([
    z.string(),
    z.strictObject({ header: text.describe('the header that has the token') }),
    z.strictObject({ cookie: text.describe('the cookie that has the token') }),
  ]),
);
const expiresInText = 'how long a token is valid: a duration, or the path of a number of seconds in the answer';
const expiresAt = means(
  'path of the time at which a token ends: ISO (UTC without a zone), or epoch seconds or milliseconds',
  text.optional(),
);

const oauth2 = z.strictObject({
  type: means('a token of OAuth 2.0, which is renewed by itself', z.literal('oauth2')),
  grant: means(
    'how the first token is got; `authorization_code`: a person agrees once (`syncline auth`)',
    z.enum(['client_credentials', 'refresh_token', 'authorization_code']),
  ),
  tokenUrl: text.describe('URL that gives out tokens'),
  clientId: text.describe('id of the client, from the partner'),
  clientSecret: means('secret of the client; only a public client with `authorization_code` has none', text.optional()),
  // RFC 6749 §2.3.1
  clientAuth: means(
    'where id and secret of the client go: by Basic, or in the form',
    z.enum(['basic', 'body']).default('basic'),
  ),
  // Later ones (rotation) are kept encrypted in the database.
  refreshToken: means('the first refresh token, for `grant: refresh_token`; later ones are stored', text.optional()),
  authorizeUrl: means("the partner's page on which a person agrees, for `grant: authorization_code`", text.optional()),
  authorize: means('further parameters of that page, by name', z.record(z.string(), z.string()).optional()),
  redirectUri: means(
    'the URL registered with the partner, with its port; `http://127.0.0.1:<port>/callback` if absent',
    text.optional(),
  ),
  sealKey: means('any secret of your own that seals stored tokens, if there is no client secret', text.optional()),
  scope: means('rights to ask for, separated by spaces', z.string().optional()),
  extra,
  renewBefore,
});

/** Logs in with a request of the partner's own kind and uses the token that comes. */
const login = z.strictObject({
  type: means("a login of the partner's own kind, whose token requests carry", z.literal('login')),
  url: text.describe('where to log in: a path behind `baseUrl`, or an absolute URL'),
  method: means('method of the login', z.enum(['GET', 'POST']).default('POST')),
  as: means(
    'how credentials are sent: as JSON, form or query, or `username` and `password` by Basic',
    z.enum(['json', 'form', 'query', 'basic']).default('json'),
  ),
  credentials: means('what is sent to log in, by name; may be nested', z.record(z.string(), z.unknown()).default({})),
  headers: means('headers of the login, by name', z.record(z.string(), z.string()).default({})),
  token: tokenPlace,
  use,
  expiresIn: means(`${expiresInText}; until a 401 if absent`, expiresIn.optional()),
  expiresAt,
  renewBefore,
});
export const jwtAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'HS256',
  'HS384',
  'HS512',
] as const;

const jwt = z.strictObject({
  type: means('a JWT that is signed here, or the token that it is exchanged for', z.literal('jwt')),
  algorithm: means('algorithm of the signature', z.enum(jwtAlgorithms)),
  key: text.describe('private key in PEM, or the shared secret of HS256, HS384, HS512'),
  keyId: means('id of the key, sent as `kid`', text.optional()),
  claims: means(
    'claims of the JWT, such as `iss`, `sub`, `aud`; `iat`, `exp` and `jti` are added',
    z.record(z.string(), z.unknown()).default({}),
  ),
  lifetime: means('how long a JWT is valid', durationMs.default(300_000)),
  exchange: means(
    'exchanges the JWT for a token; if absent, the JWT itself is the token',
    z
      .strictObject({
        url: text.describe('URL that gives a token for the JWT'),
        // `assertion`: RFC 7523 §2.1
        as: means(
          'how the JWT is sent: in a form (RFC 7523), or as the bearer of this request',
          z.enum(['assertion', 'bearer']).default('assertion'),
        ),
        extra,
        token: tokenPlace.default('access_token'),
        expiresIn: means(expiresInText, expiresIn.prefault('expires_in')),
        expiresAt,
      })
      .optional(),
  ),
  use,
  renewBefore,
});

const functions = z.strictObject({
  type: means('functions of your own', z.literal('function')),
  prepare: means('runs before a request waits for its permit: the place to log in', fn<PrepareAuth>().optional()),
  authorize: means(
    'returns the request with what the partner wants to see; called once per request',
    fn<AuthFunction>(),
  ),
  onUnauthorized: means(
    'runs after a 401; returns true to send the refused request once more',
    fn<OnUnauthorized>().optional(),
  ),
});

export const auth = z.union([
  fn<AuthFunction>(),
  z.discriminatedUnion('type', [
    z.strictObject({ type: means('adds nothing to requests', z.literal('none')) }),
    z.strictObject({
      type: means('sends `Authorization: Bearer` and the token', z.literal('bearer')),
      token: text.describe('the token, from the environment: `${NAME}`'),
    }),
    z.strictObject({
      type: means('sends a key in a header or in the query', z.literal('apiKey')),
      in: means('where the key goes', z.enum(['header', 'query'])),
      name: text.describe('name of that header or parameter'),
      key: text.describe('the key, from the environment: `${NAME}`'),
    }),
    z.strictObject({
      type: means('sends user name and password by `Authorization: Basic`', z.literal('basic')),
      username: text.describe('name of the user'),
      password: means('password of the user, from the environment: `${NAME}`; may be empty', z.string()),
    }),
    oauth2,
    login,
    jwt,
    z.strictObject({
      type: means('a token for a service account of Google', z.literal('googleServiceAccount')),
      key: text.describe('the JSON that Google gives for the service account'),
      scope: means('the scope to ask for, or a list', z.union([text, z.array(text).min(1)])),
      subject: means('the person on whose behalf, with domain-wide delegation', text.optional()),
      renewBefore,
    }),
    z.strictObject({
      type: means('signs all that is sent, as AWS Signature Version 4', z.literal('awsSigv4')),
      accessKeyId: text.describe('id of the access key'),
      secretAccessKey: text.describe('secret of the access key, from the environment: `${NAME}`'),
      sessionToken: means('only for temporary credentials: their session token', text.optional()),
      region: text.describe('region of the service, such as `eu-west-1`'),
      service: text.describe('name of the service, such as `execute-api`, `s3`, `es`'),
    }),
    z.strictObject({
      type: means('signs each request with a shared secret', z.literal('hmac')),
      secret: text.describe('the shared secret, from the environment: `${NAME}`'),
      algorithm: means('hash of the HMAC', z.enum(['sha256', 'sha512', 'sha1']).default('sha256')),
      encoding: means('how the signature is written', z.enum(['hex', 'base64']).default('hex')),
      header: text.describe('header that carries the signature'),
      prefix: means('text before the signature in that header, such as `sha256=`', z.string().default('')),
      timestampHeader: means(
        'header that carries the time of signing, in epoch seconds; none if absent',
        z.string().optional(),
      ),
      template: means('what is signed; also `{query}`', z.string().default('{timestamp}.{method}.{path}.{body}')),
    }),
    functions,
  ]),
]);
export type Auth = z.output<typeof auth>;
/** All but the bare function. */
export type DeclaredAuth = Exclude<Auth, (...args: never[]) => unknown>;
export type AuthOf<T extends DeclaredAuth['type']> = Extract<DeclaredAuth, { type: T }>;
