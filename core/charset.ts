/** Bytes → text. Strict: what is not valid in its charset is no text, never one with replacement characters. */

/** What a byte order mark says; undefined without one. */
export function charsetOfMark(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return undefined;
}

/** Whether a name stands for a charset that can be decoded (WHATWG Encoding §4.2). */
export function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}

/** Whether bytes of ASCII mean something else in this charset. */
export const isWide = (charset: string): boolean =>
  /^(utf-?16|ucs-?2|iso-?10646|unicode|csunicode|iso-2022|csiso2022)/i.test(charset);

/** The text without its byte order mark; undefined where it is not valid. The charset has to be one that `isCharset` knows. */
export function decodeText(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
