import type { Partner } from '../definitions/definition.ts';
import { credentialOf, deriveCredential } from './credential.ts';

const known = new WeakMap<Partner, string>();

/** scrypt takes tens of milliseconds, in which no request of this process leaves on time: once per definition as loaded. */
export function knownCredential(partner: Partner): string {
  const found = known.get(partner) ?? credentialOf(partner);
  known.set(partner, found);
  return found;
}

/** Before asking for many: one after the other, fifty of them would take seconds. */
export async function learnCredentials(partners: readonly Partner[]): Promise<void> {
  const unknown = partners.filter((partner) => !known.has(partner));
  await Promise.all(unknown.map(async (partner) => known.set(partner, await deriveCredential(partner))));
}
