/**
 * JSON as partners send it. Two things `JSON.parse` alone would lose: numbers beyond a double's precision (ids of 64
 * bits, long decimals), and the exact text of each record, which the event log keeps as it came.
 */

import { holdsExact, noteExact, noteHolder } from './exact-numbers.ts';

const ZERO = 48;
const NINE = 57;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const COMMA = 44;
const COLON = 58;
const MINUS = 45;
const SPACE = 32;

// Not `(?:[^"\\]|\\.)*`: that overflows V8's stack on texts of some megabytes.
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON; a number that a double cannot hold exactly becomes a string with its digits, and core/exact-numbers.ts knows which one.
 * Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  if (!mayLosePrecision(text) && !mayOverflow(text)) return JSON.parse(text);
  JSON.parse(text); // the rewriting below would turn some malformed texts into valid ones
  const mark = freeMark(text);
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') || isExact(token) ? token : `"${mark.written}${token}"`,
  );
  if (marked.length === text.length) return JSON.parse(text);
  return JSON.parse(marked, function (this: object, name: string, value: unknown) {
    if (holdsExact(value)) noteHolder(this);
    if (typeof value !== 'string' || mark.char === '' || !value.startsWith(mark.char)) return value;
    noteExact(this, name);
    return value.slice(1);
  });
}

interface Mark {
  readonly char: string;
  readonly written: string;
}

/** A control character that no string of the text holds: JSON writes those as escapes. None: digits cannot be told from texts. */
function freeMark(text: string): Mark {
  for (let code = 1; code < 8; code++) {
    const written = `\\u000${code}`;
    if (!text.includes(written)) return { char: String.fromCharCode(code), written };
  }
  return { char: '', written: '' };
}

const LONG = 16;

/**
 * Whether a number of 16 digits or more may stand in the text. Such a run covers a position that is a multiple of 16, so
 * only those are looked at: most bodies have none and take the fast path. Long digits in a string count only if what
 * stands around them looks like a number's place, and then cost time, not truth.
 */
function mayLosePrecision(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isOfNumber(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && isOfNumber(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && isOfNumber(text.charCodeAt(end))) end++;
    if (end - start >= LONG && text.charCodeAt(start - 1) !== QUOTE) return true;
  }
  return false;
}

const exponent = /\d[eE][+-]?\d{3}/g;

/** Whether a number with an exponent of three digits or more may stand in the text: doubles end at 308. Ids look like that, too. */
function mayOverflow(text: string): boolean {
  exponent.lastIndex = 0;
  for (let match = exponent.exec(text); match !== null; match = exponent.exec(text)) {
    let start = match.index;
    while (start > 0 && isOfNumber(text.charCodeAt(start - 1))) start--;
    if (start > 0 && text.charCodeAt(start - 1) === MINUS) start--;
    const before = start === 0 ? COLON : text.charCodeAt(start - 1);
    if (before === COLON || before === COMMA || before === OPEN_BRACKET || before <= SPACE) return true;
  }
  return false;
}

/** Digits and the point. */
const isOfNumber = (code: number): boolean => (code >= ZERO && code <= NINE) || code === 46;

function isExact(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  return decimalDigits(literal) === decimalDigits(String(value));
}

/** A canonical `digits e exponent` of a decimal literal, so that 1.50, 1.5 and 15e-1 compare equal. */
function decimalDigits(literal: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}

/** The value at a dotted path (`data.items`, `''` for the value itself); undefined when there is none. */
export function valueAt(value: unknown, path: string | readonly string[]): unknown {
  const steps = typeof path === 'string' ? (path === '' ? [] : path.split('.')) : path;
  let at = value;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined;
  }
  return at;
}

/**
 * The exact texts of the elements of the array at `path`, or undefined when they cannot be found. Needs valid JSON.
 * `elements`: the same as parsed, which makes it faster.
 */
export function sliceElements(text: string, path: string, elements?: readonly unknown[]): string[] | undefined {
  return (elements && sliceByBraces(text, path, elements)) ?? sliceByTokens(text, path);
}

/**
 * Without a look at the texts between the braces: each element ends with as many of `}` as it has objects. That is true
 * unless one stands in a text, or a name comes twice in an object; then the last end found lies before the true one, inside a
 * text or a deeper level. What is left without the elements would then not be JSON: its quotes or brackets do not match.
 */
function sliceByBraces(text: string, path: string, elements: readonly unknown[]): string[] | undefined {
  const open = guessArray(text, path);
  if (open === undefined || elements.length === 0) return undefined;
  const slices: string[] = [];
  let at = skipSpace(text, open + 1);
  for (const element of elements) {
    const objects = objectsIn(element, 0);
    if (text.charCodeAt(at) !== OPEN_BRACE || !(objects > 0)) return undefined;
    let end = at;
    for (let i = 0; i < objects; i++) {
      end = text.indexOf('}', end + 1);
      if (end < 0) return undefined;
    }
    slices.push(text.slice(at, end + 1));
    at = skipSpace(text, end + 1);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    else if (slices.length < elements.length) return undefined;
  }
  if (text.charCodeAt(at) !== CLOSE_BRACKET) return undefined;
  try {
    const rest = valueAt(JSON.parse(text.slice(0, open + 1) + text.slice(at)), path);
    return Array.isArray(rest) && rest.length === 0 ? slices : undefined;
  } catch {
    return undefined;
  }
}

const MOST_DEEP = 100;

/** Objects in a parsed value, with itself; NaN when it is nested deeply. */
function objectsIn(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MOST_DEEP) return NaN;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += objectsIn(item, depth + 1);
    return count;
  }
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === 'object') count += objectsIn(member, depth + 1);
  }
  return count + 1;
}

function sliceByTokens(text: string, path: string): string[] | undefined {
  let at = skipSpace(text, 0);
  for (const step of path === '' ? [] : path.split('.')) {
    const found = text[at] === '[' ? findElement(text, at, step) : findMember(text, at, step);
    if (found === undefined) return undefined;
    at = found;
  }
  if (text[at] !== '[') return undefined;
  const slices: string[] = [];
  at = skipSpace(text, at + 1);
  while (text[at] !== ']') {
    const end = skipValue(text, at);
    slices.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
    else if (text[at] !== ']') return undefined;
  }
  return slices;
}

/**
 * A JSON text without the elements of its long array at `path`, parsed: what a listing says beside its records, in no time.
 * A guess: where the array ends is taken from the end of the text. undefined when nothing can be made of it.
 */
export function guessEnvelope(text: string, path: string): unknown {
  const open = guessArray(text, path);
  if (open === undefined) return undefined;
  let close = text.length;
  for (let tries = 0; tries < 3; tries++) {
    close = text.lastIndexOf(']', close - 1);
    if (close <= open) return undefined;
    try {
      return parseJson(text.slice(0, open + 1) + text.slice(close));
    } catch {
      // An array that stands behind the records: the one before it may be theirs.
    }
  }
  return undefined;
}

/** Where the array at `path` seems to begin: at the first place that looks like it. */
function guessArray(text: string, path: string): number | undefined {
  let open = skipSpace(text, 0);
  for (const step of path === '' ? [] : path.split('.')) {
    const name = `"${step}"`;
    const at = text.indexOf(name, open);
    if (at < 0) return undefined;
    const colon = skipSpace(text, at + name.length);
    if (text[colon] !== ':') return undefined;
    open = skipSpace(text, colon + 1);
  }
  return text[open] === '[' ? open : undefined;
}

function findMember(text: string, object: number, name: string): number | undefined {
  if (text[object] !== '{') return undefined;
  let found: number | undefined;
  let at = skipSpace(text, object + 1);
  while (at < text.length && text[at] !== '}') {
    const keyEnd = skipString(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    // As JSON.parse has it, the last of several members with one name counts.
    if (key === name) found = value;
    at = skipSpace(text, skipValue(text, value));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return found;
}

function findElement(text: string, array: number, index: string): number | undefined {
  let at = skipSpace(text, array + 1);
  for (let left = Number(index); left > 0 && text[at] !== ']'; left--) {
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return text[at] === ']' ? undefined : at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at++;
  return at;
}

/** From an opening quote to just behind the closing one. */
function skipString(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let back = at - 1;
    while (text.charCodeAt(back) === BACKSLASH) back--;
    if ((at - back) % 2 === 1) return at + 1;
  }
}

function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return skipString(text, from);
  let at = from;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE || code <= 32) return at;
      at++;
    }
    return at;
  }
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
    at++;
  }
  return at;
}
