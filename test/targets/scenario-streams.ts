import type { StreamInput } from '../../definitions/definition.ts';
import type { Scenario } from './scenario.ts';

/** Streams of the scenarios, and records of theirs. */

export const object = (
  properties: Readonly<Record<string, object>>,
  required: readonly string[] = [],
): Record<string, unknown> => ({
  type: 'object',
  required,
  properties,
});
export const text = { type: ['string', 'null'] };

export const versioned: Partial<StreamInput> = {
  primaryKey: ['id'],
  version: ['v'],
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text }, ['id', 'v']),
};
export const plain: Partial<StreamInput> = {
  primaryKey: ['id'],
  schema: object({ id: { type: 'string' }, text }, ['id']),
};
export const keyless: Partial<StreamInput> = { schema: object({ id: text, text }) };

export const of = (id: string, v: number, said: string): string => `{"id":"${id}","v":${v},"text":"${said}"}`;
const op = { type: ['string', 'null'] };
export const deleting: Partial<StreamInput> = {
  ...versioned,
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text, op }, ['id', 'v', 'text']),
};
const gone = (id: string, v: number): string => `{"id":"${id}","v":${v},"op":"delete"}`;
/** Updates and deletes, late ones too. */
export const deaths: Scenario['steps'] = [
  {
    pages: [
      [of('a', 1, 'one'), of('b', 1, 'one'), of('c', 1, 'one')],
      [gone('a', 2), gone('x', 5)],
    ],
  },
  {
    pages: [
      [of('a', 1, 'late'), of('x', 4, 'late'), of('b', 3, 'three'), gone('b', 2), of('d', 1, 'one'), gone('d', 1)],
    ],
  },
  { pages: [[of('a', 3, 'again'), gone('c', 1), gone('c', 9), of('d', 1, 'one'), of('x', 3, 'later')]] },
  { pages: [[of('c', 9, 'tie'), gone('a', 3), of('a', 2, 'late'), of('e', 1, 'one')]] },
];

export const addressed: Partial<StreamInput> = {
  ...versioned,
  schema: object(
    {
      id: { type: 'string' },
      v: { type: 'integer' },
      home: {
        type: ['object', 'null'],
        properties: { city: text, geo: { type: ['object', 'null'], properties: { lat: { type: 'number' } } } },
      },
    },
    ['id', 'v'],
  ),
};
export const living = (id: string, v: number, home: unknown): string => JSON.stringify({ id, v, home });

export const say = (id: string, said: string): string => `{"id":"${id}","text":"${said}"}`;

/** Stands for the name that the suite gives the stream. */
export const SELF = 'self';
export const needing = object({ id: { type: 'string' }, v: { type: 'integer' }, of: text }, ['id', 'v']);
export const child = (id: string, v: number, needs: string | null): string => JSON.stringify({ id, v, of: needs });

/** All types of columns, two keys, and values at their ends. */
export const everything: Partial<StreamInput> = {
  primaryKey: ['id', 'at'],
  version: ['at'],
  schema: object(
    {
      id: { type: 'number' },
      at: { type: 'string', format: 'date-time' },
      seen: { type: ['string', 'null'], format: 'date-time' },
      big: { type: ['integer', 'null'] },
      amount: { type: ['number', 'null'] },
      yes: { type: ['boolean', 'null'] },
      day: { type: ['string', 'null'], format: 'date' },
      said: text,
      nested: { type: ['object', 'null'] },
      list: { type: ['array', 'null'] },
    },
    ['id', 'at'],
  ),
};

export const values = [
  `{"id":1.50,"at":"2026-01-02T03:04:05.678901Z","big":9223372036854775807,"amount":12345678901234567890.123456789012345678,"yes":true,
    "day":"2024-02-29","said":"\\t\\\\N \\"quoted\\" \\u00e9\\n","nested":{"b":[1,{"c":null}],"a":1.10},"list":[],"other":{"kept":true}}`,
  `{"id":15,"at":"2026-01-02T03:04:05+01:00","seen":"0001-01-01T00:00:00+01:00","big":-9223372036854775808,"amount":-0.000000000000000000000000000001,"yes":false,"day":"0001-01-01","said":"","nested":{},"list":[[1,2],"x"]}`,
  `{"id":1.5,"at":"2026-01-02T03:04:05.1234565Z","seen":"9999-12-31T23:59:59.9999999Z","amount":1e300,"said":null,"nested":null,"list":null}`,
  `{"id":-0.0,"at":"2026-01-02T03:04:06Z","big":0,"amount":0.10,"yes":null}`,
];

export const KEY = '${SYNCLINE_TEST_KEY:-a key of thirty-two characters or more}';
export const hidden = {
  text: { hash: KEY },
  more: { cast: 'text', rename: 'much' },
  said: { compute: '{id}: {text} {more}' },
} satisfies StreamInput['transforms'];
export const numbered: Partial<StreamInput> = {
  ...versioned,
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text, more: { type: ['integer', 'null'] } }, [
    'id',
    'v',
  ]),
};
