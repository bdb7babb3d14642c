import { hasLoneSurrogate } from '../core/column-text.ts';
import { valueAt } from '../core/json.ts';
import type { Column, CompiledStream, Mismatch } from '../definitions/compiled.ts';

/**
 * An index of PostgreSQL takes 2704 bytes of a row, 8 of them its own; a text of more than 126 bytes begins with 4, at a multiple of 4.
 * How well a key can be compressed, which would let in longer ones, is left out: it should not depend on that.
 */
const MAX_KEY_BYTES = 2704 - 8;
const OF_A_TEXT = 8;
/** Of the other types of keys, and the hash that an `append` has in its index. */
const OF_OTHERS = 24;
/** No key of so many characters can be too long. */
const SHORT_KEY = 600;
/** What makes a key none that the warehouse could keep apart from others. */
export function keyMisfit(
  { keyColumns, definition }: CompiledStream,
  texts: readonly (string | null)[],
  { value, plain }: { readonly value: unknown; readonly plain: boolean },
): Mismatch | undefined {
  if (!plain)
    for (const { path } of keyColumns) {
      const part = valueAt(value, path);
      if (typeof part === 'string' && hasLoneSurrogate(part))
        return {
          path: path.join('.'),
          reason: 'the key holds half of a surrogate pair, which UTF-8 cannot write: two such keys would be one',
        };
    }
  let chars = 0;
  for (let i = 0; i < keyColumns.length; i++) chars += (texts[i] as string).length;
  if (chars <= SHORT_KEY && keyColumns.length <= 8) return undefined;
  const sizes = keyColumns.map(({ type }, i) =>
    type === 'text' || type === 'number' ? Buffer.byteLength(texts[i] as string) + OF_A_TEXT : OF_OTHERS,
  );
  const most = MAX_KEY_BYTES - (definition.disposition === 'append' ? OF_OTHERS : 0);
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (size <= most) return undefined;
  const longest = keyColumns[sizes.indexOf(Math.max(...sizes))] as Column;
  return {
    path: longest.path.join('.'),
    reason: `expected a key of at most ${most - OF_A_TEXT} bytes, found ${size - OF_A_TEXT}: PostgreSQL's index takes no more`,
  };
}
