const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One field of a line; null is `\N`. */
export function copyField(text: string | null): string {
  if (text === null) return '\\N';
  return special.test(text) ? text.replace(/[\\\n\r\t]/g, (char) => escapes[char] as string) : text;
}
