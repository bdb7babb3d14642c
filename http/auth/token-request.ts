import { Buffer } from 'node:buffer';
import type { PageRequest } from '../../core/page.ts';
import type { AuthOf } from '../../definitions/auth.ts';

export type OAuth2Auth = AuthOf<'oauth2'>;

/** RFC 6749 §4.4.2 and §6. `refreshToken` is null for client credentials. */
export function tokenRequest(auth: OAuth2Auth, refreshToken: string | null): PageRequest {
  const grant = refreshToken === null ? auth.grant : 'refresh_token';
  const form = new URLSearchParams({ grant_type: grant });
  if (refreshToken !== null) form.set('refresh_token', refreshToken);
  if (auth.scope !== undefined && auth.grant !== 'authorization_code') form.set('scope', auth.scope);
  for (const [name, value] of Object.entries(auth.extra)) form.set(name, value);
  return asClient(auth, form);
}

/** What a person agreed to, for its first tokens: RFC 6749 §4.1.3, RFC 7636 §4.5. */
export function codeRequest(
  auth: OAuth2Auth,
  { code, verifier, redirectUri }: { readonly code: string; readonly verifier: string; readonly redirectUri: string },
): PageRequest {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  for (const [name, value] of Object.entries(auth.extra)) form.set(name, value);
  return asClient(auth, form);
}

function asClient(auth: OAuth2Auth, form: URLSearchParams): PageRequest {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (auth.clientSecret !== undefined && auth.clientAuth === 'basic') {
    headers.authorization = `Basic ${clientPair(auth)}`;
  } else {
    form.set('client_id', auth.clientId);
    if (auth.clientSecret !== undefined) form.set('client_secret', auth.clientSecret);
  }
  return { method: 'POST', url: auth.tokenUrl, headers, body: form.toString() };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded first. */
export const clientPair = ({ clientId, clientSecret = '' }: OAuth2Auth): string =>
  Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');

const formEncode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
