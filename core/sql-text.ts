/** `"name"`, quotes doubled. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A PostgreSQL array literal of texts. The driver's own conversion is slower and quotes the same. */
export const arrayLiteral = (texts: readonly string[]): string =>
  `{${texts.map((text) => `"${needsEscape.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`).join(',')}}`;
const needsEscape = /["\\]/;
