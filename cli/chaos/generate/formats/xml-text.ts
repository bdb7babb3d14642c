import type { XmlFormat } from '../../../../definitions/formats.ts';
import type { Made } from '../record-of.ts';

export interface XmlStyle {
  /** Elements stand on lines of their own. */
  readonly isIndented: boolean;
  /** Texts with signs of XML are CDATA. */
  readonly hasCdata: boolean;
}

/**
 * An object with the root alone. `records`: where an empty list is no element at all. undefined: XML cannot write one of the values, such as a list
 * within a list.
 */
export function xmlText(
  content: Made,
  { format, records, ...style }: XmlStyle & { readonly format: XmlFormat; readonly records: readonly string[] },
): string | undefined {
  const [[name, root] = ['', undefined], ...others] = Object.entries(withoutEmpty(content, records));
  if (others.length > 0 || typeof root !== 'object' || root === null || Array.isArray(root)) return undefined;
  try {
    return `<?xml version="1.0"?>\n${element(name, { [`${format.attributes}xmlns:xsi`]: XSI, ...root }, { format, ...style })}\n`;
  } catch (error) {
    if (error instanceof NoXml) return undefined;
    throw error;
  }
}

function withoutEmpty(content: Made, [name = '', ...rest]: readonly string[]): Made {
  const { [name]: inner, ...others } = content;
  if (Array.isArray(inner) && inner.length === 0 && rest.length === 0) return others;
  return rest.length === 0 ? content : { ...content, [name]: withoutEmpty(inner as Made, rest) };
}

class NoXml extends Error {}

/** XML Schema part 1 §2.6.2: an element that is null. */
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

interface Writing extends XmlStyle {
  readonly format: XmlFormat;
}

function element(name: string, value: unknown, writing: Writing): string {
  if (!NAME.test(name)) throw new NoXml();
  if (value === null || value === undefined) {
    const [none] = writing.format.nulls;
    return none === undefined ? `<${name} xsi:nil="true"/>` : `<${name}>${textOf(none, writing)}</${name}>`;
  }
  if (typeof value !== 'object') return `<${name}>${textOf(scalar(value), writing)}</${name}>`;
  if (Array.isArray(value)) throw new NoXml();
  const { attributes, text } = writing.format;
  const fields = Object.entries(value);
  const own = fields.filter(([field]) => field.startsWith(attributes));
  const inner = fields.filter(([field]) => !field.startsWith(attributes) && field !== text);
  const said = fields.find(([field]) => field === text)?.[1];
  const line = writing.isIndented && said === undefined ? '\n' : '';
  const open = own.map(([field, of]) => ` ${attribute(field.slice(attributes.length), of, writing)}`).join('');
  const parts = [
    ...(said === undefined ? [] : [textOf(scalar(said), writing)]),
    ...inner.flatMap(([field, of]) => elements(field, of, writing)),
  ];
  if (parts.length === 0) return `<${name}${open}/>`;
  return `<${name}${open}>${line}${parts.join(line)}${line}</${name}>`;
}

/** A list is its elements, one after the other; an empty one an empty element. */
function elements(name: string, value: unknown, writing: Writing): readonly string[] {
  if (!Array.isArray(value)) return [element(name, value, writing)];
  return value.length === 0 ? [element(name, '', writing)] : value.map((item: unknown) => element(name, item, writing));
}

function attribute(name: string, value: unknown, { format }: Writing): string {
  if (!NAME.test(name)) throw new NoXml();
  const text = value === null ? format.nulls[0] : scalar(value);
  if (text === undefined) throw new NoXml();
  return `${name}="${escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`;
}

function scalar(value: unknown): string {
  if (typeof value === 'object' || value === undefined) throw new NoXml();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const textOf = (text: string, { hasCdata }: Writing): string =>
  hasCdata && /[<&]/.test(text) && !/\]\]>|\r/.test(text) ? `<![CDATA[${checked(text)}]]>` : escaped(text);

/** A line end of its own would be read as that of another system (XML 1.0 §2.11). */
const escaped = (text: string): string =>
  checked(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');

/** XML 1.0 §2.2. */
function checked(text: string): string {
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text)) throw new NoXml();
  return text;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_.:-]*$/u;
