import { sha128 } from './page-key.ts';

// As in json.ts: `(?:[^"\\]|\\.)*` would overflow V8's stack.
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * The JSON texts of values that `make` puts together from a parsed JSON text, each number with the digits that it came with.
 * `make` must not look at numbers: some of them are texts for it, which begin with `mark`. undefined: JSON.stringify writes all as they came.
 */
export function writeExactly(
  text: string,
  make: (parsed: unknown, mark: string) => readonly unknown[],
): readonly string[] | undefined {
  // Nobody can write a text that holds its own hash, so the mark is found in nothing but what is marked here.
  let mark: string | undefined;
  const marked = text.replace(tokens, (token) => {
    if (token[0] === '"' || String(Number(token)) === token) return token;
    mark ??= sha128(text);
    return `"${mark}${token}"`;
  });
  if (mark === undefined) return undefined;
  const marks = new RegExp(`"${mark}([^"]*)"`, 'g');
  return make(JSON.parse(marked), mark).map((value) => JSON.stringify(value).replaceAll(marks, '$1'));
}
