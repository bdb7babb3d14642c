import { ownField } from './inherited.ts';

/** Names of an object's fields that are known. null: all that is in the field is. */
export type FieldNames = ReadonlyMap<string, FieldNames | null>;

/** What an object holds beside the fields that are known, at any depth; undefined: nothing. */
export function besideNames(value: unknown, names: FieldNames): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  let beside: Record<string, unknown> | undefined;
  for (const name in value) {
    const field = ownField(value, name);
    const inside = names.get(name);
    const rest = inside === undefined ? field : inside === null ? undefined : besideNames(field, inside);
    if (rest !== undefined) (beside ??= Object.create(null) as Record<string, unknown>)[name] = rest;
  }
  return beside;
}
