import { canonicalJson } from './canonical.ts';
import { exactJson, isExactNumber } from './exact-numbers.ts';
import { parseJson } from './json.ts';

/** A field of a record that another version of it says otherwise. */
export interface FieldChange {
  /** Dotted where objects are in objects: `address.city`. */
  readonly field: string;
  /** JSON texts with the digits that came; null: the field was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** What differs between the JSON texts of two records, in the order of the later one; an array counts as one value. */
export function fieldChanges(before: string, after: string): readonly FieldChange[] {
  const [old, now] = [parseJson(before), parseJson(after)];
  if (isFields(old) && isFields(now)) return changesIn(old, now, '');
  return same(old, now) ? [] : [{ field: '', before, after }];
}

function changesIn(old: Fields, now: Fields, within: string): FieldChange[] {
  const names = [...Object.keys(now), ...Object.keys(old).filter((name) => !Object.hasOwn(now, name))];
  return names.flatMap((name): FieldChange[] => {
    const field = `${within}${name}`;
    const [was, is] = [own(old, name), own(now, name)];
    if (isFields(was) && isFields(is)) return changesIn(was, is, `${field}.`);
    const [before, after] = [textAt(old, name), textAt(now, name)];
    return (before === null) === (after === null) && same(was, is) ? [] : [{ field, before, after }];
  });
}

/** Objects have no order, and 1.0 is 1: what makes no other content makes no change. */
const same = (was: unknown, is: unknown): boolean =>
  was === undefined || is === undefined ? was === is : canonicalJson(was) === canonicalJson(is);

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

function textAt(fields: Fields, name: string): string | null {
  if (!Object.hasOwn(fields, name)) return null;
  const value = fields[name];
  return isExactNumber(fields, name) ? (value as string) : exactJson(value, value);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
