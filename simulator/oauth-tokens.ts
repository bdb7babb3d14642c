import { createHash } from 'node:crypto';
import { jsonReply } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Auth } from './settings.ts';

/** The token endpoint's side of OAuth 2.0 (RFC 6749 §4.4 and §6), with rotating refresh tokens. */
export interface Tokens {
  issue(asked: { readonly authorization: string; readonly form: URLSearchParams }, nowMs: number): Reply;
  /** Whether the access token is valid; counts as one use of it. */
  use(token: string, nowMs: number): boolean;
  revoke(token: string): void;
}

export function createTokens(auth: Extract<Auth, { type: 'oauth2' }>): Tokens {
  const access = new Map<string, { readonly endsAt: number; left: number }>();
  let refresh = auth.refreshToken;
  let issued = 0;
  const fresh = (kind: string): string =>
    `${kind}_${createHash('sha256').update(`${auth.clientSecret}/${kind}/${issued}`).digest('hex').slice(0, 32)}`;

  return {
    issue({ authorization, form }, nowMs) {
      if (!isClient(auth, authorization, form)) return denied(401, 'invalid_client', { 'www-authenticate': 'Basic' });
      const grant = form.get('grant_type');
      if (grant !== 'client_credentials' && grant !== 'refresh_token') return denied(400, 'unsupported_grant_type');
      if (grant === 'refresh_token' && form.get('refresh_token') !== refresh) return denied(400, 'invalid_grant');
      issued += 1;
      const token = fresh('at');
      access.set(token, {
        endsAt: nowMs + auth.expiresInSecs * 1000,
        left: auth.expiresAfterRequests ?? Infinity,
      });
      if (grant === 'refresh_token') refresh = fresh('rt');
      const answer = { access_token: token, token_type: 'Bearer', expires_in: auth.expiresInSecs };
      const body = grant === 'refresh_token' ? { ...answer, refresh_token: refresh } : answer;
      return jsonReply(200, body, { 'cache-control': 'no-store' });
    },
    use(token, nowMs) {
      const entry = access.get(token);
      if (entry === undefined || entry.left <= 0 || nowMs >= entry.endsAt) return false;
      entry.left -= 1;
      return true;
    },
    revoke: (token) => void access.delete(token),
  };
}

function isClient(auth: Extract<Auth, { type: 'oauth2' }>, authorization: string, form: URLSearchParams): boolean {
  const basic = /^Basic (.+)$/i.exec(authorization)?.[1];
  if (basic === undefined)
    return form.get('client_id') === auth.clientId && form.get('client_secret') === auth.clientSecret;
  // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
  const [id, secret] = Buffer.from(basic, 'base64').toString().split(':').map(formDecoded);
  return id === auth.clientId && secret === auth.clientSecret;
}

const formDecoded = (text: string): string => new URLSearchParams(`v=${text}`).get('v') ?? '';

const denied = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  jsonReply(status, { error }, headers);
