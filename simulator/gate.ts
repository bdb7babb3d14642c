import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createTokens } from './oauth-tokens.ts';
import type { Tokens } from './oauth-tokens.ts';
import { errorReply } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Auth } from './settings.ts';

export interface Credentials {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Who is asking: a fingerprint of the credential, or why it is refused. */
export type Admission = { readonly key: string } | { readonly key: string; readonly refusal: Reply };

export interface Gate {
  check(asked: Credentials, nowMs: number): Admission;
  /** `POST /oauth/token`; undefined when this partner has none. */
  readonly tokens: Tokens | undefined;
  /** Ends the credential of this request at once, where credentials can be renewed. */
  revoke(asked: Credentials): void;
}

export function createGate(auth: Auth): Gate {
  const tokens = auth.type === 'oauth2' ? createTokens(auth) : undefined;
  return {
    tokens,
    check: (asked, nowMs) => admit(auth, tokens, asked, nowMs),
    revoke: (asked) => tokens?.revoke(bearerOf(asked)),
  };
}

/** Enough of a hash to tell keys apart in logs without showing them. */
export const fingerprint = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 8);

function admit(auth: Auth, tokens: Tokens | undefined, asked: Credentials, nowMs: number): Admission {
  if (auth.type === 'none') return { key: 'none' };
  if (auth.type === 'bearer') return compared(bearerOf(asked), auth.token, 'Bearer');
  if (auth.type === 'oauth2') {
    const sent = bearerOf(asked);
    return tokens?.use(sent, nowMs) === true ? { key: fingerprint(sent) } : refused(sent, 'Bearer');
  }
  if (auth.type === 'apiKey') {
    const sent = auth.in === 'query' ? (asked.url.searchParams.get(auth.name) ?? '') : headerOf(asked, auth.name);
    return compared(sent, auth.key, 'ApiKey');
  }
  if (auth.type === 'basic') {
    const pair = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    return compared(/^Basic (.*)$/i.exec(headerOf(asked, 'authorization'))?.[1] ?? '', pair, 'Basic');
  }
  return signed(auth, asked, nowMs);
}

function signed(auth: Extract<Auth, { type: 'hmac' }>, asked: Credentials, nowMs: number): Admission {
  const sent = headerOf(asked, auth.header);
  const stamp = auth.timestampHeader === undefined ? '' : headerOf(asked, auth.timestampHeader);
  const fresh = /^\d+$/.test(stamp) && Math.abs(nowMs / 1000 - Number(stamp)) <= auth.toleranceSecs;
  if (auth.timestampHeader !== undefined && !fresh) return refused(sent, 'Hmac');
  const signature = createHmac(auth.algorithm, auth.secret).update(signedText(auth.template, asked, stamp));
  const matches = same(sent, auth.prefix + signature.digest(auth.encoding));
  return matches ? { key: fingerprint(auth.secret) } : refused(sent, 'Hmac');
}

function signedText(template: string, asked: Credentials, timestamp: string): string {
  const values: Readonly<Record<string, string>> = {
    method: asked.method,
    path: asked.url.pathname,
    query: asked.url.search.slice(1),
    timestamp,
    body: asked.body,
  };
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

const headerOf = (asked: Credentials, name: string): string => String(asked.headers[name.toLowerCase()] ?? '');
const bearerOf = (asked: Credentials): string => /^Bearer (.+)$/i.exec(headerOf(asked, 'authorization'))?.[1] ?? '';

const compared = (sent: string, wanted: string, scheme: string): Admission =>
  same(sent, wanted) ? { key: fingerprint(sent) } : refused(sent, scheme);

const refused = (sent: string, scheme: string): Admission => ({
  key: sent === '' ? 'none' : fingerprint(sent),
  refusal: unauthorized(scheme),
});

export const unauthorized = (scheme: string): Reply =>
  errorReply(401, 'invalid_token', 'the credential is missing, wrong or no longer valid', {
    'www-authenticate': scheme === 'Bearer' ? 'Bearer error="invalid_token"' : scheme,
  });

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
