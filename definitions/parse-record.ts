import { ownField } from '../core/inherited.ts';
import { valueAt } from '../core/json.ts';
import type { Column, CompiledStream } from './compiled.ts';
import { withValue } from './fit-environment.ts';
import { mismatchOf } from './mismatch.ts';
import type { RecordSchema } from './record-schema.ts';

type Parse = CompiledStream['parse'];

/**
 * The check of one record: by the schema, then the times inside its objects, then that no field of the primary key is absent or
 * null. What a JSON Schema finds nothing wrong with stays the record that it is.
 *
 * Numbers that a double cannot hold arrive as texts of digits (core/json.ts). Where a number belongs, the schema sees a
 * stand-in of the same sign and about the same size, and the exact text stays in the record.
 */
export function recordParser(schema: RecordSchema, keyColumns: readonly Column[]): Parse {
  const { times } = schema;
  return (record) => {
    const checked = schema.quick?.(record) === true ? { value: record as Parsed } : wholeCheck(schema, record);
    if ('mismatch' in checked) return checked;
    const { value: parsed } = checked;
    for (const { path, name, read } of times) {
      const time = read(valueAt(parsed, path));
      if ('reason' in time) return { mismatch: { path: name, reason: time.reason } };
    }
    for (const column of keyColumns) {
      const part = valueAt(parsed, column.path);
      if (part === undefined || part === null)
        return {
          mismatch: {
            path: column.path.join('.'),
            reason: `expected a value for the primary key, found ${part === null ? 'null' : 'nothing'}`,
          },
        };
    }
    return checked;
  };
}

type Parsed = Record<string, unknown>;

function wholeCheck({ zod, keeps, bare, numbers }: RecordSchema, record: unknown): ReturnType<Parse> {
  const check = (value: unknown): ReturnType<typeof zod.safeParse> =>
    zod.safeParse(bare === undefined ? value : bare(value));
  const first = check(numbers.length === 0 ? record : withStandIns(record, numbers));
  let value: unknown = first.data;
  if (!first.success) {
    const exact = nestedTexts(first.error.issues, record);
    const again = exact.length === 0 ? first : check(exact.reduce(withStandIn, withStandIns(record, numbers)));
    if (!again.success) return { mismatch: mismatchOf(first.error.issues, record) };
    value = exact.reduce(withText, again.data);
  }
  if (typeof value !== 'object' || value === null)
    return { mismatch: { path: '', reason: `expected object, found ${typeof value}` } };
  if (keeps) return { value: record as Parsed };
  const parsed = value as Parsed;
  if (numbers.length > 0) restoreTexts(parsed, record as Record<string, unknown>, numbers);
  return { value: parsed };
}

const WHOLE = /^-?\d+$/;
const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const isNumberText = (value: unknown, whole: boolean): value is string =>
  typeof value === 'string' && (whole ? WHOLE : DECIMAL).test(value);

function standIn(text: string): number {
  const value = Number(text);
  const most = WHOLE.test(text) ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  return Math.max(-most, Math.min(most, value));
}

function withStandIns(record: unknown, numbers: RecordSchema['numbers']): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  let copy: Record<string, unknown> | undefined;
  for (const { name, whole } of numbers) {
    const value = ownField(record, name);
    if (!isNumberText(value, whole)) continue;
    copy ??= { ...(record as Record<string, unknown>) };
    copy[name] = standIn(value);
  }
  return copy ?? record;
}

/** Where the schema made something else of the stand-in (a transform), that stays. */
function restoreTexts(
  parsed: Record<string, unknown>,
  record: Record<string, unknown>,
  numbers: RecordSchema['numbers'],
): void {
  for (const { name, whole } of numbers) {
    const text = ownField(record, name);
    if (isNumberText(text, whole) && ownField(parsed, name) === standIn(text)) parsed[name] = text;
  }
}

interface NestedText {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Fields below the top level that failed and hold what core/json.ts makes of a number too long for a double. */
function nestedTexts(issues: readonly Issue[], record: unknown): NestedText[] {
  const found = new Map<string, NestedText>();
  for (const path of pathsOf(issues)) {
    const text = path.length < 2 ? undefined : valueAt(record, path.map(String));
    if (isNumberText(text, false) && text.length >= 16) found.set(JSON.stringify(path), { path, text });
  }
  return [...found.values()];
}

interface Issue {
  readonly path: readonly PropertyKey[];
  /** Of a union: what is wrong by each of its options, seen from its own place. */
  readonly errors?: readonly (readonly Issue[])[];
}

const pathsOf = (issues: readonly Issue[]): readonly NestedText['path'][] =>
  issues.flatMap(({ path, errors = [] }) => {
    const own = path as NestedText['path'];
    return [own, ...errors.flatMap((option) => pathsOf(option).map((inner) => [...own, ...inner]))];
  });

const withStandIn = (record: unknown, { path, text }: NestedText): unknown => withValue(record, path, standIn(text));

const withText = (value: unknown, { path, text }: NestedText): unknown =>
  valueAt(value, path.map(String)) === standIn(text) ? withValue(value, path, text) : value;
