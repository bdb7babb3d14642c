import type { CompiledStream } from '../../../definitions/compiled.ts';
import { formatOf } from '../../../definitions/formats.ts';
import { fieldsOf } from '../../../definitions/json-schema.ts';
import { recordInput } from '../../../definitions/record-schema.ts';
import { plainPath, shapeOf, stepsOf } from '../../../definitions/records.ts';

/** No answers can be made for a stream; the message says why, for a person. */
export class CannotGenerate extends Error {}

/** Why no answers can be made for the stream, by its definition alone; undefined: they can. */
export function reasonAgainst({ definition }: CompiledStream): string | undefined {
  const { source, format, records, rules, deletes, requires, incremental, pagination } = definition;
  if (source !== undefined) return 'code reads it (source), so only that code knows what it asks; record the partner';
  const { path, ...shape } = shapeOf(records);
  const steps = stepsOf(path);
  // A line of NDJSON may hold a record somewhere within it.
  const within = formatOf(format).type === 'ndjson' && steps[0] === '*' ? steps.slice(1) : steps;
  const isPlain = plainPath({ ...shape, path: '', lift: undefined }) !== undefined;
  if (!isPlain || within.some((step) => step === '*' || /^\d+$/.test(step)))
    return 'its records are made from the answer, and only plain lists, and objects to lift, are generated';
  const schema = recordInput(definition.schema);
  if (fieldsOf(schema, schema).size === 0) return 'its schema names no fields';
  if (rules !== undefined) return 'generated values do not follow its rules';
  if (deletes?.of !== undefined) return `its records say which records of ${deletes.of} are gone`;
  if (Object.values(requires ?? {}).some((need) => need.fetch !== undefined))
    return 'it asks for needed records one by one (requires.fetch)';
  const isTextBody = definition.form !== undefined || definition.text !== undefined;
  if (isTextBody && incremental !== undefined && pagination.type !== 'none')
    return 'its pages and its times stand together in a body that is no JSON, so its pages cannot be told apart';
  return undefined;
}
