import type { Partner } from '../definitions/definition.ts';
import { loadPartner, type LoadFrom } from '../definitions/load.ts';
import { checkNamedTargets } from '../definitions/named-targets.ts';

/** A definition, with the targets that it names. */
export async function loadWhole(name: string, from: LoadFrom): Promise<Partner> {
  const partner = await loadPartner(name, from);
  await checkNamedTargets(partner, from);
  return partner;
}
