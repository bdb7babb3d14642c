/**
 * Texts of partners as a terminal may show them: a record can hold an escape sequence that clears the screen or writes a
 * line of its own, or a character that turns the order of the rest around (Unicode TR 36, 3.1; CVE-2021-42574).
 */

/** C0, DEL and C1; halves of surrogate pairs; what sets the direction of text; separators of lines; the byte order mark. */
const unseen = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const short: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

const escaped = (char: string): string =>
  short[char] ?? String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line, whatever the text holds. */
export const visible = (text: string): string => text.replace(unseen, escaped);

/** The same for texts that have lines of their own. */
export const visibleLines = (text: string): string =>
  text.replace(unseen, (char) => (char === '\n' ? char : escaped(char)));

/** The same of a JSON text, which stays the JSON of the same value: outside of its strings it has none of them but line ends. */
export const visibleJson = visibleLines;
