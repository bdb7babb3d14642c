import { createHash, scrypt, scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
import type { Partner } from '../../definitions/definition.ts';

const MOST = 1000;
const LENGTH = 12;
/** Of secrets, by their hash. */
const derived = new Map<string, string>();
/** Of definitions as loaded, where somebody knew it. */
const known = new WeakMap<Partner, string>();

/**
 * A name for the credential a definition uses, the same wherever the same secret is used at the same host; where
 * `limits.credential` names it, the same for that name. Derived with scrypt, so that the name stored in the database does
 * not give a weak password away. That takes tens of milliseconds, in which no request of this process leaves on time: it is
 * done once per secret and host, however often a definition is loaded or its limits change.
 */
export function credentialOf(partner: Partner): string {
  const found = known.get(partner);
  if (found !== undefined) return found;
  const { key, secret, salt } = ingredients(partner);
  const credential = derived.get(key) ?? scryptSync(secret, salt, LENGTH).toString('hex');
  // The one used longest ago goes: secrets that rotate would stay for ever.
  derived.delete(key);
  derived.set(key, credential);
  if (derived.size > MOST) derived.delete(derived.keys().next().value as string);
  return know(partner, credential);
}

export const isKnown = (partner: Partner): boolean => known.has(partner);

export function know(partner: Partner, credential: string): string {
  known.set(partner, credential);
  return credential;
}

/** On a thread of its own: many at once take as long as a few. */
export async function derivedBeside(partner: Partner): Promise<string> {
  const { secret, salt } = ingredients(partner);
  return (await derive(secret, salt, LENGTH)).toString('hex');
}

const derive = promisify<string, string, number, Buffer>(scrypt);

interface Ingredients {
  readonly key: string;
  readonly secret: string;
  readonly salt: string;
}

function ingredients({ name, baseUrl, auth, limits }: Partner): Ingredients {
  const { origin } = new URL(baseUrl);
  const own = typeof auth === 'function' ? `function ${name}` : JSON.stringify(auth);
  const secret = limits.credential === undefined ? own : `named ${limits.credential}`;
  const key = createHash('sha256').update(`${origin}\n${secret}`).digest('base64');
  return { key, secret, salt: `syncline credential ${origin}` };
}
