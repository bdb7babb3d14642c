import { InvalidInput } from '../core/errors.ts';
import type { StreamDefinition } from '../definitions/definition.ts';
import type { CommandContext } from './command.ts';

/** Streams whose newest record only the order of arrival tells, as far as definitions can be read: no other warehouse than the store is asked. */
export async function versionless(
  { partnersDir: dir, env }: CommandContext['config'],
  { partner, stream }: { readonly partner: string | undefined; readonly stream: string | undefined },
): Promise<readonly { readonly partner: string; readonly stream: string }[]> {
  const { listPartners, loadPartner } = await import('../definitions/load.ts');
  const found: { partner: string; stream: string }[] = [];
  for (const name of partner === undefined ? await listPartners(dir) : [partner])
    try {
      const { streams } = await loadPartner(name, { dir, env });
      for (const [each, definition] of Object.entries(streams))
        if ((stream === undefined || each === stream) && isVersionless(definition))
          found.push({ partner: name, stream: each });
    } catch (error) {
      // It may be gone, or need secrets that only workers have: what the store knows is told all the same.
      if (!(error instanceof InvalidInput)) throw error;
    }
  return found;
}

/** A complete listing stands for itself, and in an `append` each record is a row. */
const isVersionless = ({ version, disposition }: StreamDefinition): boolean =>
  version.length === 0 && disposition === 'merge';
