import { z } from 'zod';

/** Where the records are in an answer, and how they are made of it where they are no plain array of objects. */

/** Dotted; `*` is each element of an array or each value of an object, a number is an index. As a list: names that have dots. */
const path = z.union([z.string(), z.array(z.string().min(1))]);
export type RecordsPath = z.output<typeof path>;

const fieldName = z.string().min(1);
const names = z.array(fieldName).min(1);

export const recordsShape = z.strictObject({
  path: path.default(''),
  /** A list that is not there, or null, has no records. Otherwise it is an error. */
  missing: z.enum(['error', 'empty']).default('error'),
  /** An object where the list would be is its only record. */
  single: z.boolean().default(false),
  /** The records are the values of an object; the key goes into this field. */
  byKey: fieldName.optional(),
  /** Rows are arrays of values; their names, or where they are. As an object: where in a row the values are → their names. */
  columns: z.union([z.string(), names, z.record(z.string(), z.union([z.string(), names]))]).optional(),
  /** Rows are arrays of values, and the first one has their names. */
  header: z.boolean().default(false),
  /** Each element of this list within a record becomes a record. */
  explode: path.optional(),
  /** With `explode`: fields of what held the list, by their own names or as `new_name: path`. */
  keep: z.union([names, z.record(fieldName, z.string().min(1))]).optional(),
  /** The field for a value that is no object. */
  value: fieldName.optional(),
  /** Objects within a record whose fields become its own: `attributes`. */
  lift: z.union([fieldName, names]).optional(),
});
export type RecordsShape = z.output<typeof recordsShape>;

export const records = z.union([z.string(), recordsShape]).default('');
export type Records = z.output<typeof records>;

export const shapeOf = (given: Records): RecordsShape =>
  typeof given === 'string' ? { path: given, missing: 'error', single: false, header: false } : given;

export const stepsOf = (given: RecordsPath): readonly string[] =>
  typeof given !== 'string' ? given : given === '' ? [] : given.split('.');

/** The fields that `keep` names, and where each comes from. */
export function keptFields(keep: RecordsShape['keep'] = []): readonly (readonly [name: string, path: string])[] {
  return Array.isArray(keep) ? keep.map((from) => [from.replaceAll('.', '_'), from] as const) : Object.entries(keep);
}

/** The dotted path of a plain array, whose elements are the records as they came; undefined where records are made. */
export function plainPath({
  path: at,
  byKey,
  columns,
  header,
  explode,
  value,
  lift,
}: RecordsShape): string | undefined {
  const made = byKey ?? columns ?? explode ?? value ?? lift;
  return made === undefined && !header && typeof at === 'string' && !stepsOf(at).includes('*') ? at : undefined;
}
