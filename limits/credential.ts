import { scryptSync } from 'node:crypto';
import type { Partner } from '../definitions/definition.ts';

/**
 * A name for the credential a definition uses, the same wherever the same secret is used at the same host; where
 * `limits.credential` names it, the same for that name. Derived with scrypt, so that the name stored in the database does
 * not give a weak password away.
 */
export function credentialOf(partner: Partner): string {
  const { origin } = new URL(partner.baseUrl);
  const { auth, limits } = partner;
  const secret =
    limits.credential === undefined
      ? typeof auth === 'function'
        ? `function ${partner.name}`
        : JSON.stringify(auth)
      : `named ${limits.credential}`;
  return scryptSync(secret, `syncline credential ${origin}`, 12).toString('hex');
}
