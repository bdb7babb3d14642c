import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import type { PageRequest } from '../core/page.ts';
import { durationMs } from './duration-text.ts';

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
const use = z
  .strictObject({
    in: z.enum(['header', 'query', 'cookie']).default('header'),
    name: text.optional(),
    /** Before the token; `Bearer ` in `Authorization`, nothing elsewhere. */
    prefix: z.string().optional(),
  })
  .prefault({});
export type UseOfToken = z.output<typeof use>;

/** A duration, or the path in the answer of the seconds that a token lives. */
const expiresIn = text.transform((value) => {
  const forMs = parseDuration(value);
  return forMs === undefined ? { path: value } : { forMs };
});
/** Where an answer has a token: a path of its JSON (`''`: all of it), a header or a cookie. */
const tokenPlace = z.union([z.string(), z.strictObject({ header: text }), z.strictObject({ cookie: text })]);
const tokenAnswer = {
  expiresIn: expiresIn.optional(),
  /** Path of the time at which a token ends: ISO, or epoch seconds or milliseconds. */
  expiresAt: text.optional(),
  /** A token is renewed this long before it ends. */
  renewBefore: durationMs.default(30_000),
};

const oauth2 = z.strictObject({
  type: z.literal('oauth2'),
  grant: z.enum(['client_credentials', 'refresh_token', 'authorization_code']),
  tokenUrl: text,
  clientId: text,
  /** Left out only by a public client with `authorization_code`. */
  clientSecret: text.optional(),
  /** Where the client's own secret goes: RFC 6749 §2.3.1. */
  clientAuth: z.enum(['basic', 'body']).default('basic'),
  /** For `refresh_token`: the first one; later ones (rotation) are kept encrypted in the database. */
  refreshToken: text.optional(),
  /** For `authorization_code`: where a person agrees (`syncline auth`), with what else that page wants to know. */
  authorizeUrl: text.optional(),
  authorize: z.record(z.string(), z.string()).optional(),
  /** As registered with the partner; `http://127.0.0.1:<port>/callback` if absent. */
  redirectUri: text.optional(),
  /** What stored tokens are sealed with where there is no client secret. */
  sealKey: text.optional(),
  scope: z.string().optional(),
  extra: z.record(z.string(), z.string()).default({}),
  /** A token is renewed this long before it ends. */
  renewBefore: durationMs.default(30_000),
});

/** Logs in with a request of the partner's own kind and uses the token that comes. */
const login = z.strictObject({
  type: z.literal('login'),
  /** Absolute, or behind `baseUrl`. */
  url: text,
  method: z.enum(['GET', 'POST']).default('POST'),
  /** How the credentials go: as a JSON or form body, in the query, or `username` and `password` by Basic. */
  as: z.enum(['json', 'form', 'query', 'basic']).default('json'),
  credentials: z.record(z.string(), z.unknown()).default({}),
  headers: z.record(z.string(), z.string()).default({}),
  token: tokenPlace,
  use,
  ...tokenAnswer,
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
  type: z.literal('jwt'),
  algorithm: z.enum(jwtAlgorithms),
  /** A private key in PEM, or the shared secret of HS…. */
  key: text,
  keyId: text.optional(),
  /** iss, sub, aud, scope …; iat, exp and jti are added unless they are here. */
  claims: z.record(z.string(), z.unknown()).default({}),
  lifetime: durationMs.default(300_000),
  /** Left out: the JWT itself is the token. */
  exchange: z
    .strictObject({
      url: text,
      /** `assertion`: in a form (RFC 7523 §2.1). `bearer`: as the token of this request. */
      as: z.enum(['assertion', 'bearer']).default('assertion'),
      extra: z.record(z.string(), z.string()).default({}),
      token: tokenPlace.default('access_token'),
      expiresIn: expiresIn.prefault('expires_in'),
      expiresAt: text.optional(),
    })
    .optional(),
  use,
  renewBefore: durationMs.default(30_000),
});

export const auth = z.union([
  fn<AuthFunction>(),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('bearer'), token: text }),
    z.strictObject({
      type: z.literal('apiKey'),
      in: z.enum(['header', 'query']),
      name: text,
      key: text,
    }),
    z.strictObject({ type: z.literal('basic'), username: text, password: z.string() }),
    oauth2,
    login,
    jwt,
    z.strictObject({
      type: z.literal('googleServiceAccount'),
      /** The JSON that Google gives for a service account. */
      key: text,
      scope: z.union([text, z.array(text).min(1)]),
      /** The person on whose behalf: domain-wide delegation. */
      subject: text.optional(),
      renewBefore: durationMs.default(30_000),
    }),
    z.strictObject({
      type: z.literal('awsSigv4'),
      accessKeyId: text,
      secretAccessKey: text,
      sessionToken: text.optional(),
      region: text,
      /** `execute-api`, `s3`, `es` … */
      service: text,
    }),
    z.strictObject({
      type: z.literal('hmac'),
      secret: text,
      algorithm: z.enum(['sha256', 'sha512', 'sha1']).default('sha256'),
      encoding: z.enum(['hex', 'base64']).default('hex'),
      /** Header that carries the signature. */
      header: text,
      /** Text before the signature in that header, such as `sha256=`. */
      prefix: z.string().default(''),
      /** Header that carries the time of signing, in epoch seconds; none if absent. */
      timestampHeader: z.string().optional(),
      /** What is signed; {method} {path} {query} {timestamp} {body} are replaced. */
      template: z.string().default('{timestamp}.{method}.{path}.{body}'),
    }),
    z.strictObject({
      type: z.literal('function'),
      prepare: fn<PrepareAuth>().optional(),
      authorize: fn<AuthFunction>(),
      onUnauthorized: fn<OnUnauthorized>().optional(),
    }),
  ]),
]);
export type Auth = z.output<typeof auth>;
/** All but the bare function. */
export type DeclaredAuth = Exclude<Auth, (...args: never[]) => unknown>;
export type AuthOf<T extends DeclaredAuth['type']> = Extract<DeclaredAuth, { type: T }>;
