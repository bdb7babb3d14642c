import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from './compiled.ts';
import { expectComparable, expectFetchable, type HowCompared } from './expect-comparable.ts';
import { fetchOf } from './fetch-of.ts';

/** Throws InvalidInput where the stream cannot be compared with its partner in this way. */
export function expectComparedSo(
  all: ReadonlyMap<string, CompiledStream>,
  stream: CompiledStream,
  how: HowCompared,
): void {
  expectComparable(stream, how);
  if (how.sample !== null) expectFetchable(stream, fetchOf(all, stream.name));
}

/** All streams of a partner that can be compared in this way. Throws InvalidInput where there is none. */
export function comparableStreams(
  partner: string,
  all: ReadonlyMap<string, CompiledStream>,
  how: HowCompared,
): readonly CompiledStream[] {
  const fit = [...all.values()].filter((stream) => {
    try {
      expectComparedSo(all, stream, how);
      return true;
    } catch (error) {
      if (error instanceof InvalidInput) return false;
      throw error;
    }
  });
  if (fit.length === 0)
    throw new InvalidInput(`no stream of ${partner} can be compared in this way: name one, and it says why`);
  return fit;
}
