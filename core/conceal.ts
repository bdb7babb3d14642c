import { carryExact, exactJson } from './exact-numbers.ts';
import type { FieldChange } from './field-changes.ts';
import { parseJson } from './json.ts';

/** What is shown to nobody. */
export interface Hidden {
  /** Dotted fields, also inside the objects of arrays. */
  readonly fields: readonly string[];
  /** Of the fields at the top only these are shown; undefined: all. */
  readonly known?: ReadonlySet<string> | undefined;
}

const HIDDEN = '(hidden)';

/** JSON text of a record in which values that are hidden are not shown. */
export function concealed(payload: string, { fields, known }: Hidden): string {
  if (fields.length === 0 && known === undefined) return payload;
  const value = parseJson(payload);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const unknown = known === undefined || !isObject ? [] : Object.keys(value).filter((name) => !known.has(name));
  const shown = [...unknown.map((name) => [name]), ...fields.map((field) => field.split('.'))].reduce(without, value);
  return exactJson(shown, shown);
}

/** Changes of fields, without values that are hidden. */
export const concealedChanges = (changes: readonly FieldChange[], hidden: Hidden): readonly FieldChange[] =>
  changes.map(({ field, before, after }) => ({
    field,
    before: textWithout(field, before, hidden),
    after: textWithout(field, after, hidden),
  }));

function textWithout(field: string, text: string | null, hidden: Hidden): string | null {
  if (text === null) return null;
  if (field === '') return concealed(text, hidden);
  const { fields, known } = hidden;
  const isUnknown = known !== undefined && ![...known].some((name) => field === name || field.startsWith(`${name}.`));
  if (isUnknown || fields.some((own) => own === field || field.startsWith(`${own}.`))) return HIDDEN;
  const start = `${field}.`;
  return concealed(text, {
    fields: fields.filter((own) => own.startsWith(start)).map((own) => own.slice(start.length)),
  });
}

function without(value: unknown, [name = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value))
    return carryExact(
      value,
      value.map((item) => without(item, [name, ...rest])),
    );
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const inner = rest.length === 0 ? HIDDEN : without((value as Record<string, unknown>)[name], rest);
  return carryExact(value, { ...value, [name]: inner }, rest.length === 0 ? name : undefined);
}
