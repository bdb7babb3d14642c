import { createHash, randomBytes } from 'node:crypto';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import type { OAuth2Auth } from './token-request.ts';

/** One attempt to have a person agree: RFC 6749 §4.1, with PKCE (RFC 7636). */
export interface Asked {
  /** The partner's page to open. */
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}

export function askPerson(auth: OAuth2Auth, redirectUri: string): Asked {
  const [state, verifier] = [randomBytes(24).toString('base64url'), randomBytes(48).toString('base64url')];
  const url = new URL(auth.authorizeUrl ?? '');
  const params = {
    ...auth.authorize,
    response_type: 'code',
    client_id: auth.clientId,
    redirect_uri: redirectUri,
    ...(auth.scope === undefined ? {} : { scope: auth.scope }),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return { url: url.href, redirectUri, state, verifier };
}

/** The code in the URL that the partner sent the person back to; only of this attempt (RFC 6749 §10.12). */
export function codeIn(returned: URL, { state }: Asked): string {
  const { searchParams } = returned;
  if (searchParams.get('state') !== state)
    throw new InvalidInput('what came back does not belong to this attempt: begin again with `syncline auth`');
  const error = searchParams.get('error');
  if (error !== null) {
    const said = /^[a-z_]{1,60}$/.test(error) ? error : 'an error';
    throw new NeedsAttention(
      `the partner did not grant access (${said}): begin again, or check client id, scope and redirectUri`,
    );
  }
  const code = searchParams.get('code');
  if (code === null || code === '')
    throw new InvalidInput('what came back has no code: begin again with `syncline auth`');
  return code;
}
