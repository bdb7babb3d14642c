import { createHash, scrypt, scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
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
  const { key, secret, salt } = ingredients(partner);
  return remember(key, known.get(key) ?? scryptSync(secret, salt, LENGTH).toString('hex'));
}

/** Before asking for many: side by side on threads of their own, where one after the other, fifty would take seconds. */
export async function learnCredentials(partners: readonly Partner[]): Promise<void> {
  const unknown = new Map(partners.map((partner) => ingredients(partner)).map((each) => [each.key, each] as const));
  for (const key of unknown.keys()) if (known.has(key)) unknown.delete(key);
  await Promise.all(
    [...unknown.values()].map(async ({ key, secret, salt }) =>
      remember(key, (await derive(secret, salt, LENGTH)).toString('hex')),
    ),
  );
}

const LENGTH = 12;
const derive = promisify<string, string, number, Buffer>(scrypt);

/** The one used longest ago goes: secrets that rotate would stay for ever. */
function remember(key: string, credential: string): string {
  known.delete(key);
  known.set(key, credential);
  if (known.size > MOST) known.delete(known.keys().next().value as string);
  return credential;
}

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
