import { scrypt, scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
import type { Partner } from '../definitions/definition.ts';

/**
 * A name for the credential a definition uses, the same wherever the same secret is used at the same host; where
 * `limits.credential` names it, the same for that name. Derived with scrypt, so that the name stored in the database does
 * not give a weak password away.
 */
export function credentialOf(partner: Partner): string {
  const { secret, salt } = ingredients(partner);
  return scryptSync(secret, salt, LENGTH).toString('hex');
}

/** The same, on a thread of its own: many at once take as long as a few. */
export async function deriveCredential(partner: Partner): Promise<string> {
  const { secret, salt } = ingredients(partner);
  return (await derive(secret, salt, LENGTH)).toString('hex');
}

const LENGTH = 12;
const derive = promisify<string, string, number, Buffer>(scrypt);

function ingredients({ name, baseUrl, auth, limits }: Partner): { readonly secret: string; readonly salt: string } {
  const own = typeof auth === 'function' ? `function ${name}` : JSON.stringify(auth);
  return {
    secret: limits.credential === undefined ? own : `named ${limits.credential}`,
    salt: `syncline credential ${new URL(baseUrl).origin}`,
  };
}
