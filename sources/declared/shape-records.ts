import { GiveUp, NoRecords } from '../../core/errors.ts';
import { keptFields, type RecordsPath, type RecordsShape } from '../../definitions/records.ts';
import { arraysIn } from './arrays-in.ts';
import { rowNamer, type NameRow } from './named-values.ts';
import { lifted } from './lift-fields.ts';
import { isObject, typeName, type Made } from './made-record.ts';
import { hasWildcard, selectValues, type Selected } from './select-values.ts';

export interface ShapedRecords {
  readonly records: readonly unknown[];
  /** What the listing lists, which pagination counts: the records before they are exploded. */
  readonly listed: readonly unknown[];
  /** Why a record is not what the definition makes of it, by its index: it is kept as it came, and quarantined. */
  readonly faults: ReadonlyMap<number, string>;
}

/**
 * The records of a body by the definition. Throws NoRecords where the body is not what it says. Which fields a record gets
 * never depends on a number: writeExactly relies on it.
 */
export function shapeRecords(
  body: unknown,
  shape: RecordsShape,
  {
    emptyIsNone = false,
  }: { /** An empty text stands for a list that is not there. */ readonly emptyIsNone?: boolean } = {},
): ShapedRecords {
  const { columns, explode, value } = shape;
  const lists = selectValues(body, shape.path)
    .map((found) => (emptyIsNone && found.value === '' ? { ...found, value: undefined } : found))
    .map((found) => listOf(found, shape, body));
  const named =
    columns === undefined
      ? lists.flatMap((list) => (shape.header ? withFirstAsNames(list) : list))
      : withNames(lists.flat(), columns, body);
  const listed = value === undefined || explode !== undefined ? named : named.map((each) => wrapped(each, value));
  const apart = explode === undefined ? listed : listed.flatMap((each) => exploded(each, explode, shape));
  const lift = shape.lift === undefined ? [] : [shape.lift].flat();
  const made = lift.length === 0 ? apart : apart.map((each) => lifted(each, lift));
  const faults = new Map(made.flatMap(({ fault }, i) => (fault === undefined ? [] : [[i, fault] as const])));
  return { records: made.map(({ record }) => record), listed: listed.map(({ record }) => record), faults };
}

function listOf({ at, value }: Selected, shape: RecordsShape, body: unknown): readonly Made[] {
  const { byKey, single, missing, path } = shape;
  if ((value === undefined || value === null) && missing === 'empty') {
    refuseErrors(body);
    return [];
  }
  if (byKey !== undefined && isObject(value)) return keyed(value, byKey, shape.value);
  // An empty object of PHP is written as an empty array.
  if (Array.isArray(value) && (byKey === undefined || value.length === 0))
    return value.map((record: unknown) => ({ record }));
  if (byKey === undefined && isObject(value) && (single || hasWildcard(path))) return [{ record: value }];
  if (shape.value !== undefined && hasWildcard(path) && isScalar(value)) return [{ record: value }];
  const wanted = byKey === undefined ? 'an array of records' : 'an object of records by their keys';
  throw new NoRecords(
    `expected ${wanted} at ${at === '' ? 'the top of the body' : `"${at}"`}, found ${typeName(value)}${cure(value, shape, body)}`,
  );
}

function cure(value: unknown, { byKey }: RecordsShape, body: unknown): string {
  const others = elsewhere(body);
  if (value === undefined || value === null)
    return `${others}${others === '' ? '' : '.'} If the partner leaves an empty list out, write records: { missing: empty }`;
  if (isObject(value) && byKey === undefined)
    return `${others}${others === '' ? '' : '.'} One record: records: { single: true }; records by their keys: records: { byKey: FIELD }`;
  return others;
}

function elsewhere(body: unknown): string {
  if (Array.isArray(body)) return '; the body itself is an array: leave "records" out';
  const paths = arraysIn(body);
  return paths.length === 0 ? '' : `; arrays are at ${paths.map((path) => `"${path}"`).join(', ')}: see "records"`;
}

/** A body that says what went wrong instead of its list is not an empty one. */
function refuseErrors(body: unknown): void {
  if (!isObject(body)) return;
  const name = ['error', 'errors'].find((each) => Object.hasOwn(body, each) && isSaid(body[each]));
  if (name !== undefined) throw new NoRecords(`expected records, found none beside the answer's field "${name}"`);
}

const isSaid = (value: unknown): boolean =>
  value !== null && value !== false && value !== '' && value !== 0 && !(Array.isArray(value) && value.length === 0);

function keyed(
  object: Readonly<Record<string, unknown>>,
  field: string,
  valueField: string | undefined,
): readonly Made[] {
  return Object.entries(object).map(([key, value]): Made => {
    if (!isObject(value))
      return valueField === undefined
        ? { record: value, fault: `expected an object by its key, found ${typeName(value)}` }
        : {
            record: Object.fromEntries([
              [field, key],
              [valueField, value],
            ]),
          };
    const isOther = Object.hasOwn(value, field) && !isKey(value[field], key);
    return {
      record: { ...Object.fromEntries([[field, key]]), ...value },
      fault: isOther ? `expected the record's key in its field "${field}"` : undefined,
    };
  });
}

const isKey = (value: unknown, key: string): boolean =>
  (typeof value === 'string' || typeof value === 'number') && String(value) === key;

function withNames(
  rows: readonly Made[],
  columns: NonNullable<RecordsShape['columns']>,
  body: unknown,
): readonly Made[] {
  // Names may be left out together with the rows.
  if (rows.length === 0) return [];
  return rows.map(byNamer(rowNamer(columns, body)));
}

function withFirstAsNames(list: readonly Made[]): readonly Made[] {
  const [first, ...rows] = list;
  if (first === undefined) return [];
  return rows.map(byNamer(rowNamer('', first.record)));
}

const byNamer =
  (name: NameRow) =>
  ({ record, fault }: Made): Made =>
    fault === undefined ? name(record) : { record, fault };

function exploded(holder: Made, explode: RecordsPath, shape: RecordsShape): readonly Made[] {
  const { record, fault } = holder;
  if (fault !== undefined) return [holder];
  const kept = keptFields(shape.keep).map(([name, path]) => [name, selectValues(record, path)[0]?.value] as const);
  const lists = selectValues(record, explode);
  const wrong = lists.find(({ value }) => !Array.isArray(value) && !(isNone(value) && shape.missing === 'empty'));
  if (wrong !== undefined && !(isObject(wrong.value) && (shape.single || hasWildcard(explode))))
    return [{ record, fault: `expected an array at "${wrong.at}", found ${typeName(wrong.value)}` }];
  return lists
    .flatMap(({ value }): readonly unknown[] => (isNone(value) ? [] : Array.isArray(value) ? value : [value]))
    .map((item) => withKept(wrapped({ record: item }, shape.value), kept));
}

function withKept({ record }: Made, kept: readonly (readonly [string, unknown])[]): Made {
  if (!isObject(record)) return { record, fault: `expected an object, found ${typeName(record)}` };
  const own = kept.find(([name]) => Object.hasOwn(record, name));
  if (own !== undefined)
    throw new GiveUp(
      `what is exploded has a field "${own[0]}" of its own: keep the other one under a new name, as keep: { new_name: ${own[0]} }`,
    );
  return { record: { ...record, ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)) } };
}

const wrapped = ({ record, fault }: Made, field: string | undefined): Made => ({
  record:
    field === undefined || isObject(record) || fault !== undefined ? record : Object.fromEntries([[field, record]]),
  fault,
});

const isNone = (value: unknown): boolean => value === undefined || value === null;

const isScalar = (value: unknown): boolean => value !== undefined && typeof value !== 'object';
