import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';

export function streamNamed(all: ReadonlyMap<string, CompiledStream>, name: string): CompiledStream {
  const stream = all.get(name);
  if (stream === undefined)
    throw new InvalidInput(`there is no stream ${JSON.stringify(name)}: there are ${[...all.keys()].join(', ')}`);
  return stream;
}
