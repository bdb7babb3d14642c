import type { EncodeRow } from '../warehouse.ts';

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One field of a line; null is `\N`. */
export function copyField(text: string | null): string {
  if (text === null) return '\\N';
  return special.test(text) ? text.replace(/[\\\n\r\t]/g, (char) => escapes[char] as string) : text;
}

/** The fields of a line, tabs between them. One flat string: built by `+=` it would keep a node per field alive. */
export const copyFields: EncodeRow = (texts, plain = false) => {
  const fields: string[] = [];
  for (const text of texts) fields.push(text === null ? '\\N' : plain ? text : copyField(text));
  return fields.join('\t');
};
