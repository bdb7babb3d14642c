import type { Config } from '../config/config.ts';
import { InvalidInput } from '../core/errors.ts';
import { compilePartner } from '../definitions/compile.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { listPartners, loadPartner } from '../definitions/load.ts';
import { loadDuplicates } from '../definitions/load-duplicates.ts';

interface Known {
  readonly settings: ReadonlyMap<string, DuplicateSettings>;
  /** By partner and stream: `crm.contacts`. */
  readonly streams: ReadonlyMap<string, CompiledStream>;
}

/** duplicates.yaml, checked against the partners beside it. */
export async function loadKnownDuplicates(config: Pick<Config, 'partnersDir' | 'env' | 'names'>): Promise<Known> {
  const from = { dir: config.partnersDir, env: config.env };
  const streams = new Map<string, CompiledStream>();
  const unreadable: string[] = [];
  for (const partner of await listPartners(config.partnersDir))
    try {
      for (const stream of compilePartner(await loadPartner(partner, from), config.names).values())
        streams.set(`${partner}.${stream.name}`, stream);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      unreadable.push(partner);
    }
  const { file, settings } = await loadDuplicates(from, { streams, unreadable });
  if (file === undefined)
    throw new InvalidInput(`there is no duplicates.yaml in ${config.partnersDir}: docs/duplicates.md shows one`);
  return { settings, streams };
}
