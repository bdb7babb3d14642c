/**
 * The values of a parent's fields that one call depends on, as a text: of one field the value itself; of several a JSON array of names
 * and values by turns, `["owner","acme","name","core"]`, written in one way only, since such texts are compared.
 */
export const writeParent = (fields: readonly string[], values: readonly string[]): string =>
  fields.length === 1
    ? (values[0] ?? '')
    : JSON.stringify(fields.flatMap((field, index) => [field, values[index] ?? '']));

/** undefined: the text was written when the definition named other fields. */
export function readParent(fields: readonly string[], text: string, field: string): string | undefined {
  const tuple = tupleOf(text);
  if (tuple !== undefined && (fields.length > 1 || tuple.has(field))) return tuple.get(field);
  return fields[0] === field ? text : undefined;
}

/** undefined for a value that is JSON itself, but nothing that `writeParent` wrote. */
function tupleOf(text: string): ReadonlyMap<string, string> | undefined {
  if (!text.startsWith('["')) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isTexts(parts) || parts.length < 4 || parts.length % 2 > 0 || JSON.stringify(parts) !== text) return undefined;
  return new Map(
    parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] as string] as const] : [])),
  );
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((part) => typeof part === 'string');
