/** The records of a JSON answer: the longest list of objects in it, wherever it stands. undefined: it has none. */
export function recordsIn(value: unknown): Record<string, unknown>[] | undefined {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isObject)) return value;
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const lists = Object.values(value).flatMap((inner) => recordsIn(inner) ?? []);
  if (lists.length === 0) return undefined;
  return Object.values(value)
    .map(recordsIn)
    .reduce((longest, list) => ((list?.length ?? 0) > (longest?.length ?? 0) ? list : longest));
}

/** The text with its records changed in place; the text itself where it is no JSON with records. */
export function withRecords(text: string, change: (records: Record<string, unknown>[]) => void): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const records = recordsIn(value);
  if (records === undefined) return text;
  change(records);
  return JSON.stringify(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
