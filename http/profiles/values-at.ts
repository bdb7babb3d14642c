const MAX_ELEMENTS = 20;

/** All values at a dotted path; `*` stands for any of the first 20 elements of an array. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  let at: readonly unknown[] = [value];
  for (const step of path.split('.')) at = at.flatMap((one) => children(one, step));
  return at;
}

function children(value: unknown, step: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Array.isArray(value) ? value.slice(0, MAX_ELEMENTS) : [];
  return Object.hasOwn(value, step) ? [(value as Readonly<Record<string, unknown>>)[step]] : [];
}

export const numberAt = (value: unknown, path: string): number | undefined =>
  valuesAt(value, path).find((one) => typeof one === 'number');

export const textAt = (value: unknown, path: string): string | undefined =>
  valuesAt(value, path).find((one) => typeof one === 'string');
