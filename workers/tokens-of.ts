import type { Pool } from 'pg';
import { assertNever } from '../core/assert-never.ts';
import type { TokenStore } from '../core/token-store.ts';
import type { Auth } from '../definitions/auth.ts';
import type { Partner } from '../definitions/definition.ts';
import { createMemoryTokenStore } from '../http/token-store.ts';
import { tokenKeyOf } from '../limits/declare/credential.ts';
import { postgresTokenStore } from '../store/token-store.ts';

/** Where the tokens of a definition's `auth` are kept: shared by all workers where they are granted by somebody else. */
export function tokensOf(pool: Pool, partner: Partner): TokenStore {
  const secret = sealingSecret(partner.auth);
  return secret === undefined
    ? createMemoryTokenStore()
    : postgresTokenStore(pool, { credential: tokenKeyOf(partner), secret });
}

/** Tokens are as secret as what they are granted for, so that seals them. undefined: there are none to share. */
function sealingSecret(auth: Auth): string | undefined {
  if (typeof auth === 'function') return undefined;
  switch (auth.type) {
    case 'oauth2':
      return auth.clientSecret ?? auth.sealKey;
    case 'login':
      return JSON.stringify([auth.credentials, auth.headers]);
    case 'jwt':
      return auth.exchange === undefined ? undefined : auth.key;
    case 'googleServiceAccount':
      return auth.key;
    case 'none':
    case 'bearer':
    case 'apiKey':
    case 'basic':
    case 'hmac':
    case 'awsSigv4':
    case 'function':
      return undefined;
    default:
      return assertNever(auth);
  }
}
