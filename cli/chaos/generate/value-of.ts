import type { JsonSchema } from '../../../definitions/json-schema.ts';
import { pick } from '../../../simulator/random.ts';
import { formatted } from './formatted.ts';
import { listOf, objectOf, plainSchema, WORDS, type Draw, type PlainSchema } from './plain-schema.ts';
import { textLike } from './text-like.ts';

/** How often a value is null, or a field is not there, where it may. */
const SELDOM = 1 / 6;
/** Below it objects have only the fields they must have. */
const DEEP = 3;

/** A value that fits the schema, as far as its keywords are read here; whoever calls has to check it. */
export function valueOf(schema: JsonSchema, draw: Draw, depth = 0): unknown {
  const { nulls = true } = draw;
  const plain = plainSchema(schema, draw, { mayBeNull: draw.random() < SELDOM && (nulls || depth !== 1) });
  if ('const' in plain) return plain['const'];
  if (Array.isArray(plain['enum'])) return pick(draw.random, plain['enum'] as readonly unknown[]);
  switch (typeOf(plain)) {
    case 'null':
      return null;
    case 'boolean':
      return draw.random() < 1 / 2;
    case 'integer':
    case 'number':
      return numberOf(plain, draw.random);
    case 'object':
      return objectLike(plain, draw, depth);
    case 'array':
      return arrayOf(plain, draw, depth);
    default:
      return textOf(plain, draw);
  }
}

export function typeOf(plain: PlainSchema): string {
  if (typeof plain['type'] === 'string') return plain['type'];
  if ('properties' in plain || 'additionalProperties' in plain) return 'object';
  return 'items' in plain || 'prefixItems' in plain ? 'array' : 'string';
}

function objectLike(plain: PlainSchema, draw: Draw, depth: number): Record<string, unknown> {
  const required = new Set<unknown>(listOf(plain['required']));
  const fields = Object.entries(objectOf(plain['properties'])).filter(
    ([name]) =>
      required.has(name) || (depth === 0 && draw.isWhole === true) || (depth < DEEP && draw.random() >= SELDOM),
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, draw, depth + 1)]));
}

function arrayOf(plain: PlainSchema, draw: Draw, depth: number): unknown[] {
  const [first] = listOf(plain['prefixItems']);
  const least = Number(plain['minItems'] ?? 0);
  const most = Math.min(Number(plain['maxItems'] ?? Infinity), least + 2);
  const items = (plain['items'] ?? first ?? { type: 'integer' }) as JsonSchema;
  const count = depth > DEEP ? least : least + Math.floor(draw.random() * (most - least + 1));
  return Array.from({ length: count }, () => valueOf(items, draw, depth + 1));
}

/** The bounds that a number has, and the step between two of them. */
export function boundsOf(plain: PlainSchema): { readonly least: number; readonly most: number; readonly step: number } {
  const step = Number(plain['multipleOf'] ?? (typeOf(plain) === 'integer' ? 1 : 0.01));
  const above = plain['exclusiveMinimum'];
  const below = plain['exclusiveMaximum'];
  const least = Number(plain['minimum'] ?? (typeof above === 'number' ? above + step : 1));
  const most = Number(plain['maximum'] ?? (typeof below === 'number' ? below - step : Infinity));
  const whole = rounded(Math.ceil(least / step) * step);
  return { least: whole <= most ? whole : rounded(Math.floor(most / step) * step), most, step };
}

function numberOf(plain: PlainSchema, random: () => number): number {
  const { least, most, step } = boundsOf(plain);
  const steps = Math.floor(Math.min(most - least, 100_000) / step);
  return rounded(least + Math.floor(random() * (steps + 1)) * step);
}

/** Without what doubles add: 0.1 + 0.2 is 0.3. */
export const rounded = (value: number): number => Number(value.toPrecision(12));

function textOf(plain: PlainSchema, { random, words = WORDS }: Draw): string {
  const { pattern, format } = plain;
  if (typeof pattern === 'string') return textLike(pattern, random) ?? pick(random, words);
  if (typeof format === 'string') return formatted(format, Math.floor(random() * 1_000_000));
  return fitted(`${pick(random, words)} ${Math.floor(random() * 1000)}`, plain);
}

/** Of a length that the schema takes; its end stays, where numbers differ. */
export function fitted(text: string, plain: PlainSchema): string {
  const most = Number(plain['maxLength'] ?? Infinity);
  const long = text.padStart(Math.min(Number(plain['minLength'] ?? 0), most), '0');
  return long.length <= most ? long : long.slice(long.length - most);
}
