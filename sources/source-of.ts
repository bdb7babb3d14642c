import type { Source } from '../core/source.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { jobSource } from './jobs/job-source.ts';
import { inParts } from './parts/in-parts.ts';
import { oneSource } from './one-source.ts';
import { writtenSource } from './written-source.ts';

const known = new WeakMap<CompiledStream, Source>();

/** How a stream is read: as its definition describes it, with an export job before it, or as its `source` says. */
export function sourceOf(stream: CompiledStream): Source {
  const found = known.get(stream);
  if (found !== undefined) return found;
  const { partner, definition, one } = stream;
  const { source: written, job } = definition;
  const source =
    one !== undefined
      ? oneSource(partner, definition, one)
      : written !== undefined
        ? writtenSource(partner, written)
        : job === undefined
          ? inParts(partner, definition)
          : jobSource(partner, definition, job);
  known.set(stream, source);
  return source;
}
