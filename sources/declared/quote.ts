import { assertNever } from '../../core/assert-never.ts';
import { GiveUp } from '../../core/errors.ts';
import type { Quoting } from '../../definitions/quotings.ts';

export interface Quotable {
  readonly value: string | number;
  /** A bound of a range of time: some languages write those without quotes. */
  readonly isTime: boolean;
}

/** A value as a literal of a language, with its quotes. Numbers need none. */
export function quote({ value, isTime }: Quotable, quoting: Quoting): string {
  const text = String(value);
  switch (quoting) {
    case 'raw':
      return text;
    case 'url':
      return encodeURIComponent(text);
    case 'path':
      return text.split('/').map(encodeURIComponent).join('/');
    case 'json':
    case 'graphql':
      return JSON.stringify(value);
    case 'soql':
      return isBare(value) || isTime ? text : `'${text.replaceAll(soqlReserved, (char) => soqlEscapes[char] ?? '')}'`;
    case 'odata':
      return isBare(value) || isTime ? text : `'${text.replaceAll("'", "''")}'`;
    case 'jql':
      return isBare(value) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    case 'pocketbase':
      return isBare(value) ? text : pocketbaseText(isTime ? text.replace('T', ' ') : text);
    default:
      return assertNever(quoting);
  }
}

const isBare = (value: string | number): boolean => typeof value === 'number';

/** Quoted String Escape Sequences of the SOQL and SOSL reference. */
const soqlReserved = /['\\"\n\r\t\b\f]/g;
const soqlEscapes: Readonly<Record<string, string>> = {
  "'": String.raw`\'`,
  '\\': String.raw`\\`,
  '"': String.raw`\"`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
};

/** A backslash escapes only a quote there, so that a text cannot end in one. Times are stored, and compared, with a blank for the T. */
function pocketbaseText(text: string): string {
  if (text.endsWith('\\')) throw new GiveUp('a value that ends in a backslash cannot stand in a PocketBase filter');
  return `'${text.replaceAll("'", String.raw`\'`)}'`;
}
