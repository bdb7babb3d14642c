import { createHash, scryptSync } from 'node:crypto';
import type { Partner } from '../definitions/definition.ts';

const MOST = 1000;
const known = new Map<string, string>();

/**
 * A name for the credential a definition uses, the same wherever the same secret is used at the same host; where
 * `limits.credential` names it, the same for that name. Derived with scrypt, so that the name stored in the database does
 * not give a weak password away. That takes tens of milliseconds, in which no request of this process leaves on time: it is
 * done once per secret and host, however often a definition is loaded or its limits change.
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
  const key = createHash('sha256').update(`${origin}\n${secret}`).digest('base64');
  const credential = known.get(key) ?? scryptSync(secret, `syncline credential ${origin}`, 12).toString('hex');
  // The one used longest ago goes: secrets that rotate would stay for ever.
  known.delete(key);
  known.set(key, credential);
  if (known.size > MOST) known.delete(known.keys().next().value as string);
  return credential;
}
