import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import type { DuplicatesDeps } from './duplicates-deps.ts';

/** The streams that rows come from, by partner and stream. */
export async function streamsOf(
  { partners }: Pick<DuplicatesDeps, 'partners'>,
  { from }: Pick<DuplicateSettings, 'from'>,
): Promise<ReadonlyMap<string, CompiledStream>> {
  const found = new Map<string, CompiledStream>();
  for (const { stream: place } of from) {
    const [partner, name] = place.split('.') as [string, string];
    const stream = (await partners.streams(partner)).get(name);
    if (stream === undefined) throw new InvalidInput(`duplicates.yaml: partner ${partner} has no stream ${name}`);
    found.set(place, stream);
  }
  return found;
}
