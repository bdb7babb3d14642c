import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Partners } from '../access.ts';

export async function streamOf(
  partners: Pick<Partners, 'streams'>,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<CompiledStream> {
  const streams = await partners.streams(partner);
  const found = streams.get(stream);
  if (found === undefined)
    throw new InvalidInput(
      `partner ${partner} has no stream ${JSON.stringify(stream)}: it has ${[...streams.keys()].join(', ')}`,
    );
  return found;
}
