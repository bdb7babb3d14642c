import type { Partner } from '../definitions/definition.ts';
import { credentialOf } from './credential.ts';

const known = new WeakMap<Partner, string>();

/** scrypt takes tens of milliseconds, in which no request of this process leaves on time: once per definition as loaded. */
export function knownCredential(partner: Partner): string {
  const found = known.get(partner) ?? credentialOf(partner);
  known.set(partner, found);
  return found;
}
