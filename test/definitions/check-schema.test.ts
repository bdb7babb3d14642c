import { describe, expect, test } from '@jest/globals';
import { problems, withField } from './problems-of.ts';

describe('traps of JSON Schema', () => {
  test.each<[unknown, string]>([
    [{ properties: {} }, ': `properties` without `type` would not be checked; add type: object'],
    [{ minLength: 2 }, ': `minLength` without `type` would not be checked; add type: string'],
    [
      { type: 'string', nullable: true },
      ".nullable: `nullable` is OpenAPI's, and would be ignored; write type: [string, 'null']",
    ],
    [
      { type: 'string', format: 'datetime' },
      '.format: this format is not known, and would not be checked; did you mean date-time?',
    ],
    [
      { type: 'string', format: 'phone' },
      '.format: this format is not known, and would not be checked; use a pattern, or leave it out; known: date-time, date, time, duration, email, hostname, ipv4, ipv6, uri, uuid',
    ],
    [{ type: 'integer', format: 'date' }, '.format: a format is only checked with type: string; leave it out'],
    [
      { not: { type: 'string' } },
      '.not: `not` is not supported; say what is allowed instead (type, enum, pattern), or leave it out',
    ],
    [
      { if: {}, else: {} },
      '.if: `if` is not supported; use anyOf with one whole alternative for each case, or leave it out',
    ],
    [
      { $ref: 'other.json' },
      '.$ref: a $ref to another document is not followed; copy that schema into $defs and write #/$defs/<name>',
    ],
    [{ $ref: '#/$defs/mony' }, '.$ref: there is no such schema; did you mean #/$defs/money?'],
    [{ $ref: '#/$defs/money/x' }, '.$ref: expected # or #/$defs/<name>; move the schema it means into $defs'],
    [
      { $ref: '#/$defs/money', minimum: 3 },
      '.$ref: minimum beside $ref would be ignored; write allOf: [{ $ref: … }, { … }]',
    ],
    [
      { type: 'strng' },
      '.type: expected one of string, integer, number, boolean, object, array, null; did you mean string?',
    ],
    [
      { type: 'object', required: ['a'], properties: {} },
      '.required.0: this field is not in properties beside it, and would not be asked for; add it to properties',
    ],
    [{ enum: [[1]] }, '.enum: expected a list of texts, numbers, booleans or null'],
    [{ const: {} }, '.const: expected a text, a number, a boolean or null'],
    [{ type: 'string', pattern: '(' }, '.pattern: not a valid regular expression'],
    [{ type: 'string', minLenght: 3 }, '.minLenght: unknown keyword, and would be ignored; did you mean minLength?'],
    [5, ': expected a JSON Schema: a mapping, or true for any value'],
    [
      { type: 'array', items: { anyOf: [{ type: 'null' }, { minimum: 1 }] } },
      '.items.anyOf.1: `minimum` without `type` would not be checked; add type: number',
    ],
  ])('%j is refused with its cure', (field, message) => {
    expect(problems({ orders: withField(field) })).toEqual([`streams.orders.schema.properties.field${message}`]);
  });

  test.each([
    [{}],
    [true],
    [{ $ref: '#/$defs/money' }],
    [{ allOf: [{ $ref: '#/$defs/money' }, { description: 'in cents' }] }],
    [{ type: 'integer', format: 'int64' }],
    [{ type: ['string', 'null'], format: 'date', 'x-note': 1, examples: [{ properties: 1 }] }],
    [{ enum: ['a', null], default: 'a' }],
  ])('%j is fine', (field) => {
    expect(problems({ orders: withField(field) })).toEqual([]);
  });
});
