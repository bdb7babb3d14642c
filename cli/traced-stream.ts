import { askedKey, keyShape } from '../core/key-asked.ts';
import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Partner } from '../definitions/definition.ts';
import type { CommandContext } from './command.ts';

/** A stream as its definition says it is now, as far as it can be read. */
export interface DefinedStream {
  readonly partner: Partner | undefined;
  readonly stream: CompiledStream | undefined;
  /** Why it cannot be read. */
  readonly trouble: string | undefined;
}

/** A log can be read without a definition: it may be gone, or need secrets that only workers have. */
export async function definedStream(
  { partnersDir: dir, env, names }: CommandContext['config'],
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<DefinedStream> {
  const [{ compileStream }, { loadPartner }] = await Promise.all([
    import('../definitions/compile.ts'),
    import('../definitions/load.ts'),
  ]);
  let loaded: Partner | undefined;
  try {
    loaded = await loadPartner(partner, { dir, env });
    return { partner: loaded, stream: compileStream(loaded, stream, names), trouble: undefined };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { partner: loaded, stream: undefined, trouble: error.message };
  }
}

/** The key that is asked for, and how the stream's keys are written. */
export function keyOf(
  { stream }: DefinedStream,
  words: readonly string[],
): { readonly key: string; readonly shape: string | undefined } {
  const columns = stream?.keyColumns;
  return { key: askedKey(words, columns), shape: columns === undefined ? undefined : keyShape(columns) };
}
