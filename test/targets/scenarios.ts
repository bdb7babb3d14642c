import {
  KEY,
  SELF,
  addressed,
  child,
  deaths,
  deleting,
  everything,
  hidden,
  keyless,
  living,
  needing,
  numbered,
  object,
  of,
  plain,
  say,
  text,
  values,
  versioned,
} from './scenario-streams.ts';
import type { Scenario } from './scenario.ts';

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
