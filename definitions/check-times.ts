import { z } from 'zod';
import { missingField } from './check-parents.ts';
import { formatsOf, saysZone, timesByName } from './field-times.ts';
import { fieldAt, withAnythingAt, type JsonSchema } from './json-schema.ts';
import type { StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';

/** Whether `times` names fields of the schema, and says enough to read them. */
export function checkTimes({ times, schema }: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  if (times === undefined) return [];
  const problems: Problem[] = [];
  for (const [name, time] of Object.entries(timesByName(times, json))) {
    const at = [...path, 'times', Object.hasOwn(times, name) ? name : '*'];
    const field = fieldAt(json, name);
    if (field === undefined) {
      problems.push({ path: at, says: missingField(name, json, 'the schema') });
      continue;
    }
    if (!(schema instanceof z.ZodType) && withAnythingAt(json, field.path) === undefined)
      problems.push({
        path: at,
        says: `the schema of "${name}" is behind a $ref or one of several; write it under properties in place`,
      });
    const kind = field.type === 'date' ? 'date' : 'timestamp';
    const zoneless = formatsOf(time, kind).find((format) => !saysZone(format));
    if (kind === 'timestamp' && time.zone === undefined && zoneless !== undefined)
      problems.push({
        path: at,
        says: `a time written as ${zoneless} does not say its zone; add zone: UTC, or the one of the partner`,
      });
  }
  const [first, ...more] = problems;
  // `*` stands for many fields: one of them is enough to tell.
  return first === undefined ? [] : [first, ...more.filter((each) => each.path.at(-1) !== '*')];
}
