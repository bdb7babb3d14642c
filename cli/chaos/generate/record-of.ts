import { MINUTE } from '../../../core/duration.ts';
import { valueAt } from '../../../core/json.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { formatsOf, timesByName } from '../../../definitions/field-times.ts';
import { columnType, fieldAt, type FieldAt, type JsonSchema } from '../../../definitions/json-schema.ts';
import { includedNames } from '../../../definitions/mentions.ts';
import { recordInput } from '../../../definitions/record-schema.ts';
import { formatTime } from '../../../sources/declared/format-time.ts';
import { BEGINNING } from './formatted.ts';
import { isOptional } from './is-optional.ts';
import { countOfValues, nthValue } from './nth-value.ts';
import type { Draw } from './plain-schema.ts';
import { valueOf } from './value-of.ts';

export type Made = Record<string, unknown>;

/** What a record has to be beside what its schema says. */
export interface Wanted {
  /** Its number among those of one listing: no other has its key. */
  readonly index: number;
  /** What its version and its `incremental` field grow by. */
  readonly age: number;
  /** Values that other streams gave, by dotted field. */
  readonly given: ReadonlyMap<string, unknown>;
  /** Fields that child streams are asked for by: another value for each record. */
  readonly askedBy: readonly string[];
  /** What the format of the answers asks for. */
  readonly kind: Pick<Draw, 'isWhole' | 'nulls' | 'words'>;
}

/** One record of the stream, which whoever calls has to check. */
export function recordOf(stream: CompiledStream, wanted: Wanted, random: () => number): Made {
  const { definition } = stream;
  const root = recordInput(definition.schema);
  const draw = { root, random, ...wanted.kind };
  const record = { ...(valueOf(root, draw) as Made) };
  const put = (name: string, value: (field: FieldAt) => unknown): void => {
    const field = fieldAt(root, name);
    if (field !== undefined) setAt(record, field.path, value(field));
  };
  const time = timeWriter(stream, root);
  for (const name of time.names) put(name, (field) => time.write(name, field, Math.floor(random() * 10_000)));
  for (const name of wanted.askedBy) put(name, ({ schema }) => nthValue(schema, wanted.index, draw));
  for (const name of growingFields(stream)) put(name, (field) => time.write(name, field, wanted.age));
  for (const [name, value] of wanted.given) put(name, () => value);
  const free = definition.primaryKey.filter((name) => !wanted.given.has(name) && !isIncluded(stream, name));
  const numbers = keyNumbers(stream, free, { index: wanted.index, draw });
  for (const [name, number] of numbers)
    put(name, (field) =>
      time.names.has(name)
        ? time.write(name, field, Math.ceil((number * 7) / 3))
        : nthValue(field.schema, number, draw),
    );
  const { field: gone } = definition.deletes ?? {};
  // No record says that it is gone. One that has all fields has null there, or another value is looked for.
  const isDropped = wanted.kind.isWhole !== true || wanted.kind.nulls !== false;
  if (gone !== undefined && isDropped && (gone.includes('.') || isOptional(root, gone))) drop(record, gone, root);
  return record;
}

const isIncluded = ({ definition }: CompiledStream, name: string): boolean =>
  Object.values(includedNames(definition)).includes(name);

/** The fields whose values grow from record to record, some in a row equal: that is where careless pages lose records. */
function growingFields({ definition }: CompiledStream): ReadonlySet<string> {
  const { version, incremental, pagination, primaryKey } = definition;
  const keyset = pagination.type === 'keyset' ? [pagination.field] : [];
  const all = [...version, ...(incremental === undefined ? [] : [incremental.field]), ...keyset];
  return new Set(all.filter((name) => !primaryKey.includes(name)));
}

/** One of the key's fields counts all records; of the others each has a few values, as in `order` and `line`. */
function keyNumbers(
  { definition }: CompiledStream,
  free: readonly string[],
  { index, draw }: { readonly index: number; readonly draw: Draw },
): ReadonlyMap<string, number> {
  const { pagination } = definition;
  const count = (name: string): number => {
    const field = fieldAt(draw.root, name);
    return field === undefined ? 1 : countOfValues(field.schema, { ...draw, random: () => 0 });
  };
  const [largest] = free.toSorted((a, b) => (count(b) === count(a) ? 0 : count(b) - count(a)));
  const main = free.find((name) => pagination.type === 'keyset' && name === pagination.field) ?? largest;
  const numbers = new Map<string, number>();
  let rest = index;
  for (const name of free) {
    if (name === main) continue;
    const few = pagination.type === 'keyset' ? 1 : Math.max(1, Math.min(3, count(name)));
    numbers.set(name, rest % few);
    rest = Math.floor(rest / few);
  }
  return main === undefined ? numbers : numbers.set(main, rest);
}

interface TimeWriter {
  /** Fields whose times are written in a way of their own. */
  readonly names: ReadonlySet<string>;
  readonly write: (name: string, field: FieldAt, age: number) => unknown;
}

/** Two or three records in a row have the same time, in groups that no usual size of pages is a multiple of. */
const stepOf = (age: number): number => Math.floor((age * 3) / 7);
/** Half an hour and something, so that days change. */
const STEP_MS = 37 * MINUTE;

function timeWriter({ definition }: CompiledStream, root: JsonSchema): TimeWriter {
  const { times, incremental } = definition;
  const said = times === undefined ? {} : timesByName(times, root);
  const beginning = incremental?.initial === undefined ? BEGINNING : Date.parse(incremental.initial);
  const write: TimeWriter['write'] = (name, { schema }, age) => {
    const iso = new Date(beginning + stepOf(age) * STEP_MS).toISOString();
    const type = columnType(schema, root);
    const own = Object.hasOwn(said, name) ? said[name] : undefined;
    if (own !== undefined) {
      const [format = 'iso'] = formatsOf(own, type === 'date' ? 'date' : 'timestamp');
      return formatTime(iso, { format, round: 'down', zone: own.zone });
    }
    if (type === 'date') return iso.slice(0, 10);
    const isNumber = type === 'integer' || type === 'number';
    if (!isNumber) return iso;
    // A watermark is a time; a version may be any number that grows.
    if (name === incremental?.field) return Date.parse(iso) / 1000;
    return nthValue(schema, stepOf(age), { root, random: () => 0 });
  };
  return { names: new Set(Object.keys(said)), write };
}

/** Puts a value where the path leads, and makes the objects on the way. */
export function setAt(into: Made, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const inner = Object.hasOwn(into, name) ? into[name] : undefined;
  const object = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  into[name] = object;
  setAt(object, rest, value);
}

function drop(record: Made, name: string, root: JsonSchema): void {
  const path = fieldAt(root, name)?.path ?? [name];
  const holder = path.length === 1 ? record : valueAt(record, path.slice(0, -1));
  if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, path.at(-1) ?? '');
}
