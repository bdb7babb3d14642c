import type { JsonSchema } from '../../../definitions/json-schema.ts';
import { formatted } from './formatted.ts';
import { plainSchema, type Draw } from './plain-schema.ts';
import { textLike } from './text-like.ts';
import { boundsOf, fitted, rounded, typeOf } from './value-of.ts';

/** How many different values a field can have, as far as its schema says. */
export function countOfValues(schema: JsonSchema, draw: Draw): number {
  const plain = plainSchema(schema, draw);
  if ('const' in plain) return 1;
  if (Array.isArray(plain['enum'])) return plain['enum'].length;
  const type = typeOf(plain);
  if (type === 'boolean') return 2;
  if (type !== 'integer' && type !== 'number') return Infinity;
  const { least, most, step } = boundsOf(plain);
  return Math.floor((most - least) / step) + 1;
}

/** The value with this number, from 0: another one for each as long as there are any, and greater ones for greater numbers but for patterns, UUIDs and lists of values. */
export function nthValue(schema: JsonSchema, index: number, draw: Draw): unknown {
  const plain = plainSchema(schema, draw);
  if ('const' in plain) return plain['const'];
  if (Array.isArray(plain['enum'])) return (plain['enum'] as readonly unknown[])[index % plain['enum'].length];
  const { pattern, format } = plain;
  switch (typeOf(plain)) {
    case 'boolean':
      return index % 2 === 1;
    case 'integer':
    case 'number': {
      const { least, most, step } = boundsOf(plain);
      const count = Math.floor((most - least) / step) + 1;
      return rounded(least + (index % count) * step);
    }
    default:
      if (typeof pattern === 'string') return textLike(pattern, draw.random) ?? '';
      if (typeof format === 'string') return formatted(format, index);
      return fitted(`k${index.toString(36).padStart(6, '0')}`, plain);
  }
}
