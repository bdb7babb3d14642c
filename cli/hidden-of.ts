import type { Hidden } from '../core/conceal.ts';
import type { DefinedStream } from './traced-stream.ts';

/** What the stream's transforms hide in tables, as far as the definition can be read: it is not shown elsewhere either. */
export function hiddenOf({ stream }: DefinedStream): Hidden {
  const transform = stream?.transform;
  if (stream === undefined || transform === undefined) return { fields: [] };
  return {
    fields: transform.hidden.filter((field) => field !== '_extra'),
    known: transform.dropsExtra ? stream.known : undefined,
  };
}
