import { createHash, scrypt, scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
import type { Partner } from '../../definitions/definition.ts';
import { ownerOfAuth } from '../../definitions/stream-partner.ts';

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

function ingredients(partner: Partner): Ingredients {
  const { origin } = new URL(partner.baseUrl);
  const { credential } = partner.limits;
  const secret = credential === undefined ? ownSecret(partner) : `named ${credential}`;
  const key = createHash('sha256').update(`${origin}\n${secret}`).digest('base64');
  return { key, secret, salt: `syncline credential ${origin}` };
}

function ownSecret(partner: Partner): string {
  const { auth, tls } = partner;
  if (typeof auth === 'function' || auth.type === 'function') return `function ${ownerOfAuth(partner)}`;
  // The partner knows by its certificate alone who asks.
  const known = auth.type === 'none' && tls?.cert !== undefined ? { ...auth, cert: tls.cert } : auth;
  return JSON.stringify(known);
}

const unnamed = new WeakMap<Partner, Partner>();

/**
 * What the tokens of a definition's `auth` are stored under: of `authorization_code` the same whatever the secret, for a person has
 * agreed to them; of others as the credential, though never one that several share by its name.
 */
export function tokenKeyOf(partner: Partner): string {
  const { auth, limits } = partner;
  const owner = ownerOfAuth(partner);
  const isOAuth2 = typeof auth !== 'function' && auth.type === 'oauth2';
  if (isOAuth2 && auth.grant === 'authorization_code')
    return `authorized ${createHash('sha256')
      .update(JSON.stringify([owner, auth.tokenUrl, auth.clientId]))
      .digest('hex')
      .slice(0, 2 * LENGTH)}`;
  // Those of before were stored so, and a rotated refresh token must not be lost.
  if (limits.credential === undefined || (isOAuth2 && owner === partner.name)) return credentialOf(partner);
  const own = unnamed.get(partner) ?? { ...partner, limits: { ...limits, credential: undefined } };
  unnamed.set(partner, own);
  return credentialOf(own);
}
