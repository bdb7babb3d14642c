import { SaxesParser } from 'saxes';

/** What a document holds beside its markup. */
export interface XmlValue {
  /** `text`: all text of an element, also where comments or other elements stand in between. */
  readonly kind: 'text' | 'attribute' | 'comment' | 'instruction';
  /** Names from the root to the element, and of the attribute. */
  readonly path: readonly string[];
  /** As whoever reads the document gets it. */
  readonly value: string;
}

/** Why a document is left alone. Its message tells no part of the document. */
export class XmlRefused extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * The document with other values: all else stays as it is, down to the way each character is written. The result was read again, and means what it should.
 * @throws {XmlRefused} it is not well-formed, or what it means is not written in it alone.
 */
export function changeXml(text: string, change: (value: XmlValue) => string): string {
  const found = valuesOf(text);
  const others = found.map((each) => change(each));
  const changed = found.flatMap((each, i) => (each.value === others[i] ? [] : written(each, others[i] as string)));
  if (changed.length === 0) return text;
  let made = '';
  let at = 0;
  for (const { from, to, raw } of changed.toSorted((a, b) => a.from - b.from)) {
    made += text.slice(at, from) + raw;
    at = to;
  }
  made += text.slice(at);
  const said = valuesOf(made);
  const isWhole =
    said.length === found.length &&
    said.every(
      ({ kind, path, value }, i) =>
        value === others[i] && kind === found[i]?.kind && path.join(' ') === found[i].path.join(' '),
    );
  if (!isWhole) throw new XmlRefused('values that cannot be written in place of others', 1);
  return made;
}

/** Where a value is written; as many characters of it as `units`. */
interface Piece {
  readonly as: 'text' | 'attribute' | 'raw';
  readonly from: number;
  readonly to: number;
  readonly units: readonly string[];
}

interface Found extends XmlValue {
  readonly line: number;
  readonly pieces: readonly Piece[];
}

interface Open {
  readonly path: readonly string[];
  readonly line: number;
  text: string;
  readonly pieces: Piece[];
  /** Its place among all values. */
  readonly index: number;
}

/** Values in the order that they begin in: an element's text counts from its tag on. */
function valuesOf(text: string): readonly Found[] {
  // As the reader of records has it (sources/declared/formats/xml-tree.ts).
  const parser = new SaxesParser({ xmlns: false, position: true });
  const found: (Found | undefined)[] = [];
  const stack: Open[] = [];
  /** The end of what was told last. White space before a document is not told. */
  let at = Math.max(0, text.indexOf('<'));
  const refuse = (why: string): never => {
    throw new XmlRefused(why, parser.line);
  };
  const piece = (as: Piece['as'], from: number, to: number): Piece => ({
    as,
    from,
    to,
    units: text.slice(from, to).match(as === 'raw' ? rawUnits : units) ?? [],
  });
  const addText = (value: string, one: Piece): void => {
    const open = stack.at(-1);
    if (open === undefined) return;
    open.text += value;
    open.pieces.push(one);
  };
  const add = (value: XmlValue, one: Piece): void => void found.push({ ...value, line: parser.line, pieces: [one] });
  const path = (): readonly string[] => stack.at(-1)?.path ?? [];
  // Not the parser's own words: they may quote what is in the text.
  parser.on('error', () => refuse('something that is not well-formed, or an entity that XML does not know'));
  parser.on('xmldecl', () => {
    at = parser.position;
  });
  parser.on('doctype', (declared) => {
    // What stands there takes part in what the document means, and no reader here knows it.
    if (declared.includes('[')) refuse('a document type that declares something of its own');
    at = parser.position;
  });
  parser.on('opentagstart', ({ name }) => {
    stack.push({ path: [...path(), name], line: parser.line, text: '', pieces: [], index: found.length });
    found.push(undefined);
  });
  parser.on('attribute', ({ name, value }) => {
    const to = parser.position - 1;
    const from = text.lastIndexOf(text.charAt(to), to - 1) + 1;
    add({ kind: 'attribute', path: [...path(), name], value }, piece('attribute', from, to));
  });
  parser.on('opentag', () => {
    at = parser.position;
  });
  parser.on('text', (value) => {
    const to = parser.position - 1;
    addText(value, piece('text', at, to));
    at = to;
  });
  parser.on('cdata', (value) => {
    addText(value, piece('raw', at + '<![CDATA['.length, parser.position - ']]>'.length));
    at = parser.position;
  });
  parser.on('comment', (value) => {
    add({ kind: 'comment', path: path(), value }, piece('raw', at + '<!--'.length, parser.position - '--'.length));
    at = parser.position + '>'.length;
  });
  parser.on('processinginstruction', ({ target, body }) => {
    const to = parser.position - '?>'.length;
    const inner = text.slice(at + '<?'.length + target.length, to);
    add({ kind: 'instruction', path: path(), value: body }, piece('raw', to - inner.trimStart().length, to));
    at = parser.position;
  });
  parser.on('closetag', () => {
    const { index, path: names, line, text: value, pieces } = stack.pop() as Open;
    found[index] = { kind: 'text', path: names, value, line, pieces };
    at = parser.position;
  });
  parser.write(text).close();
  return found.filter((each) => each !== undefined);
}

/** What each is read as one character: XML 1.0 §2.11, §4.1. */
const units = /\r\n?|&[^;]*;|./gsu;
const rawUnits = /\r\n?|./gsu;

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly raw: string;
}

/** Characters that stay keep the way they are written, such as `&#228;`. */
function written({ pieces, value, line }: Found, other: string): readonly Edit[] {
  const chars = Array.from(value);
  const all = pieces.flatMap((piece) => piece.units.map((raw) => ({ piece, raw })));
  if (all.length !== chars.length || all.length === 0)
    throw new XmlRefused('a value whose characters cannot be told apart', line);
  const made = changedChars(chars, Array.from(other));
  const raws = new Map<Piece, string>(pieces.map((piece) => [piece, '']));
  for (const [i, { piece, raw }] of all.entries()) {
    const now = made[i] as string;
    raws.set(piece, raws.get(piece) + (now === chars[i] ? raw : escaped(now, piece.as)));
  }
  return [...raws].map(([{ from, to }, raw]) => ({ from, to, raw }));
}

/** What stands in the place of each character: where there are more or fewer, the first that differs has the difference. */
function changedChars(chars: readonly string[], other: readonly string[]): readonly string[] {
  if (other.length === chars.length) return other;
  const most = Math.min(chars.length, other.length);
  let before = 0;
  while (before < most && chars[before] === other[before]) before += 1;
  let after = 0;
  while (after < most - before && chars.at(-1 - after) === other.at(-1 - after)) after += 1;
  const middle = other.slice(before, other.length - after).join('');
  const changed = chars.length - after - before;
  return changed === 0
    ? chars.map((char, i) => (i === Math.max(0, before - 1) ? (before === 0 ? middle + char : char + middle) : char))
    : chars.map((char, i) => (i === before ? middle : i > before && i < before + changed ? '' : char));
}

function escaped(text: string, as: Piece['as']): string {
  if (as === 'raw') return text;
  const special = as === 'text' ? /[&<>\r\u{80}-\u{10ffff}]/gu : /[&<>"'\t\n\r\u{80}-\u{10ffff}]/gu;
  return text.replaceAll(special, (char) => named[char] ?? `&#${char.codePointAt(0)};`);
}

/** Others are written by their number, which every charset can. */
const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
