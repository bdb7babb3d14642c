import { isWide } from '../core/charset.ts';

/**
 * Text → bytes in a charset that `TextDecoder` reads: Node writes few of them. undefined: the charset has no bytes for one of the characters, or it
 * can only be read.
 */
export function encodeText(text: string, charset: string): Buffer | undefined {
  const { encoding } = new TextDecoder(charset);
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  if (isWide(encoding)) return undefined;
  const table = tables.get(encoding) ?? tableOf(encoding);
  tables.set(encoding, table);
  const bytes: number[] = [];
  for (const char of text) {
    const written = table.get(char);
    if (written === undefined) return undefined;
    bytes.push(...written);
  }
  return Buffer.from(bytes);
}

const tables = new Map<string, ReadonlyMap<string, readonly number[]>>();

/** What one byte, and two of them, are read as: the charsets of China, Japan and Korea have pairs (WHATWG Encoding §10 to §13). */
function tableOf(encoding: string): ReadonlyMap<string, readonly number[]> {
  const decoder = new TextDecoder(encoding);
  const table = new Map<string, readonly number[]>();
  const note = (...bytes: number[]): void => {
    const char = decoder.decode(Uint8Array.from(bytes));
    if (/^.$/su.test(char) && char !== REPLACEMENT && !table.has(char)) table.set(char, bytes);
  };
  for (let byte = 0; byte < 256; byte++) note(byte);
  if (table.size < 256 - MISSING)
    for (let first = 0x81; first < 0xff; first++) for (let second = 0x30; second < 0xff; second++) note(first, second);
  return table;
}

const REPLACEMENT = '�';
/** Charsets of one byte leave at most so many of them without a meaning. */
const MISSING = 64;
