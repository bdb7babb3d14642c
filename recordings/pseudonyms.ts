import { createHmac } from 'node:crypto';
import { isPersonal, isPersonalValue, MAIL } from './personal-names.ts';

/** Replaces values of persons: the same value by the same one within a recording, so that keys and references still fit. */
export interface Pseudonyms {
  /**
   * A JSON value, in which fields are replaced by their names, and texts and names of fields by their form. `mark`: texts that begin with it are numbers
   * (core/exact-json.ts).
   */
  readonly replace: (value: unknown, mark?: string) => unknown;
  /** A text that stands alone, such as a part of a path: by its form. */
  readonly replaceText: (text: string) => string;
  /** A text of XML, by the names that lead to it and by its form. Each name has all spellings that people may know it by, the plain one first. */
  readonly replaceAt: (path: readonly Spellings[], text: string) => string;
  /** All that stands at this path is replaced, by the names in it. */
  readonly covers: (path: readonly Spellings[]) => boolean;
  /** A text that may hold anything, and that nobody reads, such as a comment. */
  readonly blot: (text: string) => string;
  /** Names of the fields that were replaced so far. */
  readonly replaced: () => readonly string[];
}

/** `email`, `acme:email`, `@email`. */
export type Spellings = readonly [string, ...string[]];

export interface PseudonymOptions {
  /** Nobody keeps it: what was replaced cannot be found by trying. */
  readonly key: Buffer;
  /** Fields that are replaced as well. */
  readonly also?: readonly string[];
  /** Fields that are kept as they are. */
  readonly keep?: readonly string[];
  /** Fields that streams are asked for by: replaced by the form of their values only, as the paths are that name them. */
  readonly asked?: readonly string[];
}

export function pseudonyms({ key, also = [], keep = [], asked = [] }: PseudonymOptions): Pseudonyms {
  const replaced = new Set<string>();
  const stays = new Set([...keep, ...asked]);
  const isReplaced = (name: string): boolean => !stays.has(name) && (also.includes(name) || isPersonal(name));
  const put = <T>(name: string, value: T): T => {
    replaced.add(name);
    return value;
  };
  const replaceText = (text: string): string => (isPersonalValue(text) ? likeText(key, text) : text);
  const walk = (value: unknown, { name, within, mark }: Walked): unknown => {
    if (typeof value === 'string') {
      if (mark !== undefined && value.startsWith(mark))
        return within ? put(name, mark + likeDigits(key, value.slice(mark.length))) : value;
      const hit = value !== '' && !keep.includes(name) && (within || isPersonalValue(value));
      return hit ? put(name, likeText(key, value)) : value;
    }
    if (typeof value === 'number') return within && value !== 0 ? put(name, likeNumber(key, value)) : value;
    if (Array.isArray(value)) return value.map((item) => walk(item, { name, within, mark }));
    if (typeof value !== 'object' || value === null) return value;
    // All that stands in `address` is of the address.
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [
        replaceText(field),
        walk(inner, { name: field, within: (within && !stays.has(field)) || isReplaced(field), mark }),
      ]),
    );
  };
  const covers = (path: readonly Spellings[]): boolean =>
    path.reduce(
      (within, names) =>
        !names.some((name) => stays.has(name)) &&
        (within || names.some((name) => also.includes(name)) || isPersonal(names[0])),
      false,
    );
  const replaceAt = (path: readonly Spellings[], text: string): string => {
    const names = path.at(-1) ?? [''];
    if (text === '' || isTruth(text) || names.some((name) => keep.includes(name))) return text;
    if (!isPersonalValue(text) && !covers(path)) return text;
    return put(names[0], isNumber(text) ? likeDigits(key, text) : likeText(key, text));
  };
  return {
    replace: (value, mark) => walk(value, { name: '', within: false, mark }),
    replaceText,
    replaceAt,
    covers,
    blot: (text) => scrambled(text, drawn(key, text)),
    replaced: () => [...replaced].toSorted(),
  };
}

interface Walked {
  readonly name: string;
  /** It stands in something that is replaced. */
  readonly within: boolean;
  readonly mark: string | undefined;
}

/** In XML these are texts, but schemas want them to stay what they are. */
const isTruth = (text: string): boolean => text === 'true' || text === 'false';
const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

/** Letters by letters, digits by digits: what checks the form of a text still takes it. */
function likeText(key: Buffer, text: string): string {
  const next = drawn(key, text);
  if (MAIL.test(text)) return `${scrambled(text.slice(0, text.lastIndexOf('@')), next)}@mail.example`;
  return scrambled(text, next);
}

const scrambled = (text: string, next: () => number): string =>
  text.replaceAll(/[\p{L}\p{N}]/gu, (char) => {
    const at = next();
    if (/\p{N}/u.test(char)) return String(at % 10);
    const letter = String.fromCodePoint(97 + (at % 26));
    return char === char.toUpperCase() && char !== char.toLowerCase() ? letter.toUpperCase() : letter;
  });

const likeNumber = (key: Buffer, value: number): number => Number(likeDigits(key, String(value)));

/** The first digit stays: a number of as many digits, and none that begins with 0. */
function likeDigits(key: Buffer, text: string): string {
  const next = drawn(key, text);
  let first = true;
  return text.replaceAll(/\d/g, (digit) => {
    const drawnDigit = String(next() % 10);
    if (!first) return drawnDigit;
    first = digit === '0';
    return digit;
  });
}

/** Numbers that depend on the key and the text alone. */
function drawn(key: Buffer, text: string): () => number {
  let bytes = createHmac('sha256', key).update(text).digest();
  let at = 0;
  return () => {
    if (at + 2 > bytes.length) {
      bytes = createHmac('sha256', key).update(bytes).digest();
      at = 0;
    }
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
}
