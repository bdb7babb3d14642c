import { z } from 'zod';
import { means } from './means.ts';

/** Where the records are in an answer, and how they are made of it where they are no plain array of objects. */

/** Dotted; `*` is each element of an array or each value of an object, a number is an index. As a list: names that have dots. */
const path = z.union([z.string(), z.array(z.string().min(1))]);
export type RecordsPath = z.output<typeof path>;

const fieldName = z.string().min(1);
const names = z.array(fieldName).min(1);

export const recordsShape = z.strictObject({
  path: means(
    "where to look: a dotted path, '' for the whole answer; `*` is each element; a list of names if they have dots",
    path.default(''),
  ),
  missing: means(
    'what a missing or null list means: an error, or that there are no records',
    z.enum(['error', 'empty']).default('error'),
  ),
  single: means('whether an object in place of the list is the only record', z.boolean().default(false)),
  byKey: means('the records are the values of an object; this field of each gets the key', fieldName.optional()),
  columns: means(
    'rows are arrays of values: their names, the path of these, or by path in a row the path of the names',
    z.union([z.string(), names, z.record(z.string(), z.union([z.string(), names]))]).optional(),
  ),
  header: means('whether rows are arrays of values and the first row has their names', z.boolean().default(false)),
  explode: means('path within a record of a list; each of its elements becomes a record', path.optional()),
  keep: means(
    'with `explode`: fields to copy from the outer record, as a list of paths or as `{ new_name: path }`',
    z.union([names, z.record(fieldName, z.string().min(1))]).optional(),
  ),
  value: means('the field for values that are no objects', fieldName.optional()),
  lift: means(
    'objects within a record whose fields become fields of the record, such as `attributes`',
    z.union([fieldName, names]).optional(),
  ),
});
export type RecordsShape = z.output<typeof recordsShape>;

export const records = means(
  "path of the array of records in the answer, '' if the answer is the array; or how records are made of it",
  z.union([z.string(), recordsShape]).default(''),
);
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
