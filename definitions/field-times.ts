import { z } from 'zod';
import type { ColumnText } from '../core/column-text.ts';
import { isEpoch, isNamedFormat } from '../core/time-formats.ts';
import { timePattern } from '../core/time-pattern.ts';
import { timeReader, type TimeKind } from '../core/read-time.ts';
import type { StreamDefinition } from './definition.ts';
import { allowsNull, columnType, fieldAt, fieldsOf, type JsonSchema } from './json-schema.ts';
import type { FieldTime } from './times.ts';

/** A field whose times are written as the definition says. */
export interface TimedField {
  readonly name: string;
  readonly path: readonly string[];
  readonly kind: TimeKind;
  /** A time that may come as a day, which begins when it does in UTC. */
  readonly ofDays?: true;
  readonly read: (value: unknown) => ColumnText;
}

/** All such fields of a stream, by their names. Fields that the schema does not have are left out (and refused by `checkTimes`). */
export function fieldTimes(
  { times, schema }: Pick<StreamDefinition, 'times' | 'schema'>,
  json: JsonSchema,
): ReadonlyMap<string, TimedField> {
  const found = new Map<string, TimedField>();
  if (times === undefined) return found;
  for (const [name, said] of Object.entries(timesByName(times, json))) {
    const field = fieldAt(json, name);
    if (field === undefined) continue;
    const { path, schema: own } = field;
    const kind = field.type === 'date' ? 'date' : 'timestamp';
    // What a zod schema makes of a field is checked there.
    const strict = !(schema instanceof z.ZodType);
    found.set(name, {
      name,
      path,
      kind,
      ...(kind === 'timestamp' && said.zone === 'UTC' && formatsOf(said, kind).includes('date')
        ? { ofDays: true }
        : {}),
      read: columnReader(said, {
        name,
        kind,
        nullable: !strict || said.emptyIsNull || allowsNull(own, json),
      }),
    });
  }
  return found;
}

/** `*` is each top-level field that the schema calls `date-time` and that has no entry of its own. */
export function timesByName(
  times: NonNullable<StreamDefinition['times']>,
  json: JsonSchema,
): Record<string, FieldTime> {
  const { '*': all, ...own } = times;
  if (all === undefined) return own;
  const rest = [...fieldsOf(json, json)].filter(
    ([name, field]) => !Object.hasOwn(own, name) && columnType(field, json) === 'timestamp',
  );
  return Object.fromEntries([...rest.map(([name]) => [name, all] as const), ...Object.entries(own)]);
}

/** Whether a time of this format says by itself of which zone it is; `iso` and `compact` may. */
export function saysZone(format: string): boolean {
  if (isEpoch(format)) return true;
  if (isNamedFormat(format)) return format !== 'date' && format !== 'isoNoZone';
  const pattern = timePattern(format);
  return 'problem' in pattern || pattern.hasOffset;
}

export const formatsOf = ({ formats }: FieldTime, kind: TimeKind): readonly string[] =>
  formats ?? (kind === 'date' ? ['date'] : ['iso']);

function columnReader(
  time: FieldTime,
  { name, kind, nullable }: Pick<TimedField, 'name' | 'kind'> & { readonly nullable: boolean },
): TimedField['read'] {
  const formats = formatsOf(time, kind);
  const read = timeReader({ formats, zone: time.zone }, kind);
  const what = kind === 'date' ? 'a date' : 'a time';
  const expected = `expected ${what} as times.${name} says (${formats.join(', ')})`;
  return (value) => {
    if (value === undefined) return { text: null };
    if (value === null) return nullable ? { text: null } : { reason: `${expected}, found null` };
    if (time.emptyIsNull && typeof value === 'string' && empty.test(value)) return { text: null };
    const found = read(value);
    if (typeof found === 'object') return found;
    if (found === 'zoneless') return { reason: `${expected}, found one without a zone: say times.${name}.zone` };
    const type = Array.isArray(value) ? 'array' : typeof value;
    return { reason: `${expected}, found ${/^(string|number)$/.test(type) ? `another ${type}` : type}` };
  };
}

const empty = /^\s*(?:0000-00-00(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?)?\s*$/;
