import type { StreamInput } from '../../definitions/definition.ts';

/** The records of one reading, by its pages; `replay`: what is in quarantine is sent through again. */
export type Step =
  { readonly pages: readonly (readonly string[])[] } | { readonly define: Partial<StreamInput> } | 'replay';

export interface Scenario {
  /** As the support matrix says it. */
  readonly name: string;
  readonly stream: Partial<StreamInput>;
  readonly steps: readonly Step[];
  /** How many rows there are at the end. */
  readonly rows: number;
}

const object = (
  properties: Readonly<Record<string, object>>,
  required: readonly string[] = [],
): Record<string, unknown> => ({
  type: 'object',
  required,
  properties,
});
const text = { type: ['string', 'null'] };

const versioned: Partial<StreamInput> = {
  primaryKey: ['id'],
  version: ['v'],
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text }, ['id', 'v']),
};
const plain: Partial<StreamInput> = { primaryKey: ['id'], schema: object({ id: { type: 'string' }, text }, ['id']) };
const keyless: Partial<StreamInput> = { schema: object({ id: text, text }) };

const of = (id: string, v: number, said: string): string => `{"id":"${id}","v":${v},"text":"${said}"}`;
const op = { type: ['string', 'null'] };
const deleting: Partial<StreamInput> = {
  ...versioned,
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text, op }, ['id', 'v', 'text']),
};
const gone = (id: string, v: number): string => `{"id":"${id}","v":${v},"op":"delete"}`;
/** Updates and deletes, late ones too. */
const deaths: Scenario['steps'] = [
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

const addressed: Partial<StreamInput> = {
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
const living = (id: string, v: number, home: unknown): string => JSON.stringify({ id, v, home });

const say = (id: string, said: string): string => `{"id":"${id}","text":"${said}"}`;

/** Stands for the name that the suite gives the stream. */
export const SELF = 'self';
const needing = object({ id: { type: 'string' }, v: { type: 'integer' }, of: text }, ['id', 'v']);
const child = (id: string, v: number, needs: string | null): string => JSON.stringify({ id, v, of: needs });

/** All types of columns, two keys, and values at their ends. */
const everything: Partial<StreamInput> = {
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

const values = [
  `{"id":1.50,"at":"2026-01-02T03:04:05.678901Z","big":9223372036854775807,"amount":12345678901234567890.123456789012345678,"yes":true,
    "day":"2024-02-29","said":"\\t\\\\N \\"quoted\\" \\u00e9\\n","nested":{"b":[1,{"c":null}],"a":1.10},"list":[],"other":{"kept":true}}`,
  `{"id":15,"at":"2026-01-02T03:04:05+01:00","seen":"0001-01-01T00:00:00+01:00","big":-9223372036854775808,"amount":-0.000000000000000000000000000001,"yes":false,"day":"0001-01-01","said":"","nested":{},"list":[[1,2],"x"]}`,
  `{"id":1.5,"at":"2026-01-02T03:04:05.1234565Z","seen":"9999-12-31T23:59:59.9999999Z","amount":1e300,"said":null,"nested":null,"list":null}`,
  `{"id":-0.0,"at":"2026-01-02T03:04:06Z","big":0,"amount":0.10,"yes":null}`,
];

const KEY = '${SYNCLINE_TEST_KEY:-a key of thirty-two characters or more}';
const hidden = {
  text: { hash: KEY },
  more: { cast: 'text', rename: 'much' },
  said: { compute: '{id}: {text} {more}' },
} satisfies StreamInput['transforms'];
const numbered: Partial<StreamInput> = {
  ...versioned,
  schema: object({ id: { type: 'string' }, v: { type: 'integer' }, text, more: { type: ['integer', 'null'] } }, [
    'id',
    'v',
  ]),
};

/** What lands, in every way that a stream can be kept. Each is played on every kind of target. */
export const scenarios: readonly Scenario[] = [
  {
    name: '`merge`: new, changed and unchanged records',
    stream: versioned,
    steps: [
      { pages: [[of('a', 1, 'one'), of('b', 1, 'one')], [of('c', 1, 'one')]] },
      { pages: [[of('a', 2, 'two'), of('b', 1, 'one'), of('d', 1, 'one')]] },
    ],
    rows: 4,
  },
  {
    name: '`merge`: stale versions, and the same version with other content',
    stream: versioned,
    steps: [
      { pages: [[of('a', 5, 'five'), of('b', 1, 'one'), of('a', 3, 'three')]] },
      { pages: [[of('a', 4, 'four'), of('b', 1, 'one again'), of('b', 0, 'none')]] },
    ],
    rows: 2,
  },
  {
    name: '`merge` without a version: the later arrival',
    stream: plain,
    steps: [
      { pages: [[say('a', 'one'), say('b', 'one'), say('a', 'two')]] },
      { pages: [[say('b', 'two')], [say('a', 'one'), say('b', 'one')]] },
    ],
    rows: 2,
  },
  {
    name: '`merge`: records that wait for others, with a version',
    stream: { ...versioned, schema: needing, requires: { parent: { stream: SELF, by: 'of', optional: true } } },
    steps: [
      { pages: [[child('b', 1, 'a'), child('c', 2, 'b'), child('c', 1, 'b')], [child('d', 1, 'never')]] },
      {
        pages: [
          [child('a', 1, null), child('e', 1, 'f'), child('f', 1, null)],
          [child('c', 3, 'b'), child('c', 2, 'b')],
        ],
      },
      { pages: [[child('b', 2, 'g')], [child('b', 3, 'a')], [child('g', 1, null)]] },
    ],
    rows: 6,
  },
  {
    name: '`merge`: records that wait for others, without a version',
    stream: {
      primaryKey: ['id'],
      schema: needing,
      requires: { parent: { stream: SELF, by: 'of', optional: true } },
    },
    steps: [
      {
        pages: [
          [child('b', 1, null), child('b', 2, 'a')],
          [child('c', 1, 'a'), child('c', 2, 'z')],
        ],
      },
      { pages: [[child('b', 1, null)], [child('a', 1, null), child('c', 1, 'a')]] },
      { pages: [[child('b', 3, 'y')], [child('z', 1, null), child('y', 1, null)]] },
    ],
    rows: 5,
  },
  {
    name: '`append`: records that wait for others',
    stream: {
      primaryKey: ['id'],
      disposition: 'append',
      schema: needing,
      requires: { parent: { stream: SELF, by: 'of', optional: true } },
    },
    steps: [
      { pages: [[child('b', 1, 'a'), child('b', 2, 'a'), child('b', 1, 'a')], [child('c', 1, null)]] },
      { pages: [[child('b', 3, null), child('a', 1, null)], [child('b', 1, 'a')]] },
    ],
    rows: 5,
  },
  {
    name: '`merge`: records replayed from quarantine keep their place',
    stream: { ...plain, schema: object({ id: { type: 'string' }, text: { enum: ['one', 'two'] } }, ['id']) },
    steps: [
      { pages: [[say('a', 'odd'), say('b', 'one'), say('c', 'odd')]] },
      { pages: [[say('a', 'two'), say('b', 'two')]] },
      { define: plain },
      'replay',
    ],
    rows: 3,
  },
  {
    name: '`merge` with deletes: the row goes, and what is late does not bring it back',
    stream: { ...deleting, deletes: { field: 'op', equals: 'delete' } },
    steps: deaths,
    rows: 2,
  },
  {
    name: '`merge` with soft deletes: the row stays, and says since when its record is gone',
    stream: { ...deleting, deletes: { field: 'op', equals: 'delete', as: 'soft' } },
    steps: deaths,
    rows: 6,
  },
  {
    name: '`merge` without a version, with deletes: the later arrival',
    stream: {
      ...plain,
      schema: object({ id: { type: 'string' }, text: { enum: ['one', 'two', null] }, gone_at: text }, ['id']),
      deletes: { field: 'gone_at', as: 'soft' },
    },
    steps: [
      { pages: [[say('a', 'one'), say('b', 'one'), say('c', 'odd'), '{"id":"d","gone_at":"2026-01-01"}']] },
      {
        pages: [
          ['{"id":"a","gone_at":"2026-01-01"}', '{"id":"c","gone_at":"2026-01-01"}', say('d', 'one')],
          [say('a', 'one')],
        ],
      },
      {
        define: {
          ...plain,
          schema: object({ id: { type: 'string' }, text, gone_at: text }, ['id']),
          deletes: { field: 'gone_at', as: 'soft' },
        },
      },
      'replay',
    ],
    rows: 4,
  },
  {
    name: '`append`: each content of a key',
    stream: { ...plain, disposition: 'append' },
    steps: [
      { pages: [[say('a', 'one'), say('a', 'one'), say('b', 'one')]] },
      { pages: [[say('a', 'two'), say('b', 'one')]] },
    ],
    rows: 3,
  },
  {
    name: '`append` without a key: each record',
    stream: { ...keyless, disposition: 'append' },
    steps: [{ pages: [[say('a', 'one'), say('a', 'one')]] }, { pages: [[say('a', 'one')]] }],
    rows: 3,
  },
  {
    name: '`replace`: changes, removals and returns, listing by listing',
    stream: { ...plain, disposition: 'replace' },
    steps: [
      { pages: [[say('a', 'one'), say('b', 'one')], [say('c', 'one')]] },
      { pages: [[say('a', 'two'), say('c', 'one'), say('a', 'three')]] },
      { pages: [[say('b', 'one'), say('c', 'one'), say('d', 'one')]] },
    ],
    rows: 3,
  },
  {
    name: '`replace` with versions',
    stream: { ...versioned, disposition: 'replace' },
    steps: [
      { pages: [[of('a', 2, 'two'), of('b', 2, 'two')]] },
      { pages: [[of('a', 1, 'one'), of('a', 3, 'three'), of('a', 2, 'two')]] },
    ],
    rows: 1,
  },
  {
    name: '`replace` without a key: the last listing',
    stream: { ...keyless, disposition: 'replace' },
    steps: [
      { pages: [[say('a', 'one'), say('a', 'one')], [say('b', 'one')]] },
      { pages: [[say('b', 'one'), say('b', 'one')]] },
    ],
    rows: 2,
  },
  {
    name: 'every type of column, also nested JSON and numbers beyond a double',
    stream: everything,
    steps: [{ pages: [values.slice(0, 2), values.slice(2)] }],
    rows: 4,
  },
  {
    name: 'fields without a column of their own, also when only they change',
    stream: plain,
    steps: [
      {
        pages: [
          [
            `{"id":"a","text":"one","z":[1.50,{"y":null,"b":"\\u00e9"}],"big":12345678901234567890.5,"huge":1e300}`,
            `{"id":"b","text":"one","only":"b"}`,
            say('c', 'one'),
            `{"id":"d","text":"one","more":{"b":1,"a":[]}}`,
          ],
        ],
      },
      { pages: [[`{"id":"b","text":"one","only":"B"}`, `{"id":"c","text":"one","more":null}`, say('d', 'one')]] },
    ],
    rows: 4,
  },
  {
    name: 'a column that the definition gains, in rows from before too',
    stream: plain,
    steps: [
      { pages: [[`{"id":"a","text":"one","more":7}`, `{"id":"b","text":"one","more":8}`]] },
      {
        define: {
          ...plain,
          schema: object({ id: { type: 'string' }, text, more: { type: ['integer', 'null'] } }, ['id']),
        },
      },
      { pages: [[`{"id":"b","text":"two","more":9}`]] },
    ],
    rows: 2,
  },
  {
    name: 'transforms, also when they change, and records replayed from quarantine',
    stream: { ...numbered, transforms: hidden },
    steps: [
      {
        pages: [
          [of('a', 1, 'one'), of('b', 1, 'one')],
          [of('c', 1, 'one'), `{"id":"d","v":"x","more":1}`],
        ],
      },
      { define: { ...numbered, transforms: { ...hidden, text: { encrypt: KEY } } } },
      { pages: [[of('b', 2, 'two'), `{"id":"e","v":1,"more":7}`]] },
      { define: { ...numbered, transforms: { id: { rename: 'key' }, more: { drop: true } } } },
      { pages: [[of('b', 1, 'late')]] },
      {
        define: { ...numbered, schema: object({ id: { type: 'string' }, v: {}, text, more: {} }, ['id']), version: [] },
      },
      'replay',
      { pages: [[]] },
    ],
    rows: 5,
  },
  {
    name: 'transforms that change, with soft deletes',
    stream: {
      ...deleting,
      deletes: { field: 'op', equals: 'delete', as: 'soft' },
      transforms: { text: { hash: KEY } },
    },
    steps: [
      ...deaths,
      {
        define: {
          ...deleting,
          deletes: { field: 'op', equals: 'delete', as: 'soft' },
          transforms: { text: { mask: { first: 1 } }, label: { compute: '{id}{text}' } },
        },
      },
      { pages: [[of('z', 1, 'new')]] },
    ],
    rows: 7,
  },
  {
    name: '`append` with transforms that change',
    stream: { ...plain, disposition: 'append', transforms: { text: { hash: KEY } } },
    steps: [
      { pages: [[say('a', 'one'), say('b', 'one')], [say('a', 'two')]] },
      { define: { ...plain, disposition: 'append', transforms: { text: { mask: true } } } },
      { pages: [[say('a', 'two'), say('c', 'one')]] },
    ],
    rows: 4,
  },
  {
    name: '`replace` with transforms that change',
    stream: { ...numbered, version: [], disposition: 'replace', transforms: hidden },
    steps: [
      { pages: [[of('a', 1, 'one'), of('b', 1, 'one'), of('c', 1, 'one')]] },
      { pages: [[of('a', 1, 'two'), of('b', 1, 'one')]] },
      { define: { ...numbered, version: [], disposition: 'replace', transforms: { text: { mask: { last: 1 } } } } },
      { pages: [[of('b', 1, 'one'), of('d', 1, 'four')]] },
    ],
    rows: 2,
  },
  {
    name: 'objects as columns, first JSON, then of their own',
    stream: addressed,
    steps: [
      { pages: [[living('a', 1, { city: 'Delft', geo: { lat: 52.5 }, zip: '1' }), living('b', 1, null)]] },
      { define: { ...addressed, flatten: ['home', 'home.geo'] } },
      { pages: [[living('b', 2, { city: 'Gent' }), living('c', 1, { geo: null }), living('a', 3, { city: 'Ghent' })]] },
      { pages: [[living('a', 2, { city: 'late' })]] },
    ],
    rows: 3,
  },
];

/** A definition that speaks of its own stream, by its name. */
export const naming = (stream: string, definition: Scenario['stream']): Scenario['stream'] =>
  JSON.parse(JSON.stringify(definition).replaceAll(`"${SELF}"`, `"${stream}"`)) as Scenario['stream'];
