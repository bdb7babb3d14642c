import { loadWithSecrets, type LoadedPartner, type LoadFrom } from '../definitions/load.ts';
import { checkNamedTargets } from '../definitions/named-targets.ts';

/** A definition, with the targets that it names. */
export async function loadWhole(name: string, from: LoadFrom): Promise<LoadedPartner> {
  const loaded = await loadWithSecrets(name, from);
  await checkNamedTargets(loaded.partner, from);
  return loaded;
}
