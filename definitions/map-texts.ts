import type { Path } from './problem.ts';

/** What `mapTexts` leaves out: a member of an object, an item of a list. */
export const LEFT_OUT: unique symbol = Symbol('left out');

/** Several items in the place of one of a list. */
export class Items {
  readonly values: readonly unknown[];
  constructor(values: readonly unknown[]) {
    this.values = values;
  }
}

/** A copy of a JSON value with every text in it, keys excepted, replaced by what `replace` gives for it. */
export function mapTexts(value: unknown, replace: (text: string, path: Path) => unknown, path: Path = []): unknown {
  if (typeof value === 'string') return replace(value, path);
  if (Array.isArray(value))
    return value
      .map((item, index) => mapTexts(item, replace, [...path, index]))
      .flatMap((item) => (item === LEFT_OUT ? [] : item instanceof Items ? item.values : [item]));
  // A Date of a .ts definition, say, writes itself.
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  // Defined, not assigned: a field may be called __proto__.
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, mapTexts(item, replace, [...path, key])] as const)
      .filter(([, item]) => item !== LEFT_OUT),
  );
}
