import { Buffer } from 'node:buffer';
import type { PageRequest } from '../../core/page.ts';
import type { Auth } from '../../definitions/definition.ts';

export type OAuth2Auth = Extract<Exclude<Auth, (...args: never[]) => unknown>, { type: 'oauth2' }>;

/** RFC 6749 §4.4.2 and §6. `refreshToken` is null for client credentials. */
export function tokenRequest(auth: OAuth2Auth, refreshToken: string | null): PageRequest {
  const form = new URLSearchParams({ grant_type: auth.grant });
  if (refreshToken !== null) form.set('refresh_token', refreshToken);
  if (auth.scope !== undefined) form.set('scope', auth.scope);
  for (const [name, value] of Object.entries(auth.extra)) form.set(name, value);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (auth.clientAuth === 'body') {
    form.set('client_id', auth.clientId);
    form.set('client_secret', auth.clientSecret);
  } else {
    headers.authorization = `Basic ${clientPair(auth)}`;
  }
  return { method: 'POST', url: auth.tokenUrl, headers, body: form.toString() };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded first. */
export const clientPair = ({ clientId, clientSecret }: OAuth2Auth): string =>
  Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');

const formEncode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
