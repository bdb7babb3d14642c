import { SaxesParser } from 'saxes';
import { RetryLater } from '../../../core/errors.ts';
import type { XmlFormat } from '../../../definitions/formats.ts';
import type { FormattedText } from './text-of.ts';

/** Deeper ones are no listings, and JavaScript's stack does not reach the end of much deeper ones. */
const DEEPEST = 500;
/** Characters that are parsed in some ten milliseconds. */
const STEP = 128 * 1024;

interface Open {
  readonly name: string;
  /** From the root, dotted. */
  readonly path: string;
  readonly fields: Map<string, unknown>;
  /** Names of elements that came more than once, whose field is an array. */
  readonly lists: Set<string>;
  text: string;
  isNil: boolean;
}

const opened = (name: string, path: string): Open => ({
  name,
  path,
  fields: new Map(),
  lists: new Set(),
  text: '',
  isNil: false,
});

/**
 * XML as an object of its root's name: attributes and elements are fields, an element of text alone is that text. Document
 * types are not read, so there are no entities but the five of XML. Throws RetryLater where it is not well-formed, or ends early.
 */
export function* xmlTree(
  { text, kind }: FormattedText,
  format: XmlFormat,
): Generator<void, Readonly<Record<string, unknown>>> {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const document = opened('', '');
  const stack: Open[] = [document];
  const top = (): Open => stack.at(-1) as Open;
  // Not the parser's own words: they may quote what is in the text.
  const refuse = (why: string): never => {
    throw new RetryLater(`expected XML, found ${why} at line ${parser.line} (${kind})`);
  };
  parser.on('error', () => refuse('something that is not well-formed, or a part of it,'));
  parser.on('opentag', ({ name, attributes }) => {
    if (stack.length > DEEPEST) refuse(`more than ${DEEPEST} elements within each other`);
    const { path } = top();
    const element = opened(name, path === '' ? name : `${path}.${name}`);
    for (const [key, value] of Object.entries(attributes as Record<string, string>))
      if (/^xsi:nil$/.test(key)) element.isNil = value === 'true' || value === '1';
      else element.fields.set(`${format.attributes}${key}`, format.nulls.includes(value) ? null : value);
    stack.push(element);
  });
  const addText = (more: string): void => void (top().text += more);
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = stack.pop() as Open;
    addTo(top(), element, valueOf(element, format), format.arrays.includes(element.path));
  });
  for (let at = 0; at < text.length; at += STEP) {
    parser.write(text.slice(at, at + STEP));
    yield;
  }
  parser.close();
  return Object.fromEntries(document.fields);
}

function addTo({ fields, lists }: Open, { name }: Open, value: unknown, isList: boolean): void {
  if (!fields.has(name)) {
    fields.set(name, isList ? [value] : value);
    if (isList) lists.add(name);
  } else if (lists.has(name)) (fields.get(name) as unknown[]).push(value);
  else {
    fields.set(name, [fields.get(name), value]);
    lists.add(name);
  }
}

function valueOf({ fields, text, isNil }: Open, { text: textField, nulls }: XmlFormat): unknown {
  const isBlank = text.trim() === '';
  if (fields.size === 0) {
    const value = isBlank ? '' : text;
    return isNil || nulls.includes(value) ? null : value;
  }
  if (!isBlank) fields.set(textField, text.trim());
  return Object.fromEntries(fields);
}
