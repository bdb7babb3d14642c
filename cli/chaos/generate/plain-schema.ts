import { pointed, type JsonSchema } from '../../../definitions/json-schema.ts';
import { pick } from '../../../simulator/random.ts';

/** A schema of one type, in which nothing leads elsewhere. */
export type PlainSchema = Readonly<Record<string, unknown>>;

export interface Draw {
  /** What `$ref` leads into. */
  readonly root: JsonSchema;
  readonly random: () => number;
  /** A record has all fields that its schema names. */
  readonly isWhole?: boolean;
  /** Its fields may be null, where the schema takes that; if absent, they may. */
  readonly nulls?: boolean;
  /** What texts begin with that have no form of their own; if absent, all WORDS. */
  readonly words?: readonly string[];
}

/** Quotes, letters that are no ASCII, and a line end: what careless code breaks. */
export const WORDS = [
  'plain',
  'Zoë',
  "O'Brien",
  'a "quoted" one',
  'two\nlines',
  'back\\slash',
  '東京',
  'café; 50 %',
  '',
];

/** How deep `$ref` is followed. */
const DEEP = 8;

/** One of the alternatives that the schema leaves; null only where there is no other, or `mayBeNull`. */
export function plainSchema(schema: JsonSchema, draw: Draw, { mayBeNull = false, deep = 0 } = {}): PlainSchema {
  if (typeof schema === 'boolean' || deep > DEEP) return {};
  if (typeof schema['$ref'] === 'string')
    return plainSchema((pointed(draw.root, schema['$ref']) ?? true) as JsonSchema, draw, { mayBeNull, deep: deep + 1 });
  const { allOf, anyOf, oneOf, ...own } = schema;
  let plain: PlainSchema = own;
  const chosen = [...listOf(allOf), ...choice([...listOf(anyOf), ...listOf(oneOf)], draw, mayBeNull)];
  for (const one of chosen) plain = merged(plain, plainSchema(one, draw, { mayBeNull, deep: deep + 1 }));
  if (Array.isArray(plain['enum'])) return { ...plain, enum: withoutNull(plain['enum'], mayBeNull) };
  return Array.isArray(plain['type'])
    ? { ...plain, type: pick(draw.random, withoutNull(plain['type'], mayBeNull)) }
    : plain;
}

function choice(branches: readonly JsonSchema[], { random }: Draw, mayBeNull: boolean): readonly JsonSchema[] {
  const others = branches.filter((one) => mayBeNull || typeof one === 'boolean' || one['type'] !== 'null');
  return branches.length === 0 ? [] : [pick(random, others.length === 0 ? branches : others)];
}

function withoutNull(values: readonly unknown[], mayBeNull: boolean): readonly unknown[] {
  const others = values.filter((value) => mayBeNull || (value !== null && value !== 'null'));
  return others.length === 0 ? values : others;
}

/** What both of them ask for. */
function merged(one: PlainSchema, other: PlainSchema): PlainSchema {
  const properties = { ...objectOf(one['properties']), ...objectOf(other['properties']) };
  const required = [...listOf(one['required']), ...listOf(other['required'])];
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}

export const objectOf = (value: unknown): Readonly<Record<string, JsonSchema>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, JsonSchema>) : {};

export const listOf = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? (value as JsonSchema[]) : []);
