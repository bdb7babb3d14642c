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

/** An object with this as its only member stands for the member's value, and is left out where a text in that is. */
export const OPTIONAL = '{?}';

type Replace = (text: string, path: Path) => unknown;

/** A copy of a JSON value with every text in it, keys excepted, replaced by what `replace` gives for it. */
export const mapTexts = (value: unknown, replace: Replace): unknown => mapped(value, [], { replace, lacks: () => {} });

interface Mapping {
  readonly replace: Replace;
  /** Told of each text that is left out. */
  readonly lacks: () => void;
}

function mapped(value: unknown, path: Path, mapping: Mapping): unknown {
  if (typeof value === 'string') {
    const replaced = mapping.replace(value, path);
    if (replaced === LEFT_OUT) mapping.lacks();
    return replaced;
  }
  if (Array.isArray(value))
    return value
      .map((item, index) => mapped(item, [...path, index], mapping))
      .flatMap((item) => (item === LEFT_OUT ? [] : item instanceof Items ? item.values : [item]));
  // A Date of a .ts definition, say, writes itself.
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === OPTIONAL) return optional(entries[0][1], path, mapping);
  // Defined, not assigned: a field may be called __proto__.
  return Object.fromEntries(
    entries
      .map(([key, item]) => [key, mapped(item, [...path, key], mapping)] as const)
      .filter(([, item]) => item !== LEFT_OUT),
  );
}

function optional(value: unknown, path: Path, { replace }: Mapping): unknown {
  let isWhole = true;
  const inner = mapped(value, [...path, OPTIONAL], { replace, lacks: () => (isWhole = false) });
  return isWhole ? inner : LEFT_OUT;
}
