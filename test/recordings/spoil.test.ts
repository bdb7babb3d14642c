import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { xmlText } from '../../cli/chaos/generate/formats/xml-text.ts';
import { RetryLater } from '../../core/errors.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { formatOf, type CsvFormat, type XmlFormat } from '../../definitions/formats.ts';
import { csvText } from '../../recordings/csv-text.ts';
import { encodeText } from '../../recordings/encode-text.ts';
import { spoilerOf } from '../../recordings/spoil/spoiler.ts';
import { writtenBy } from '../../recordings/written.ts';
import { readBody } from '../../sources/declared/formats/read-body.ts';
import { inParts } from '../../sources/parts/in-parts.ts';
import { define, start } from '../http/support/definitions.ts';
import { long } from '../support/long.ts';

const runs = { seed: 20261130, numRuns: long ? 5000 : 25 };

const answerOf = (text: string) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  text,
  bytes: text.length,
  url: '',
  files: [Buffer.from(text)],
});
function read(stream: Partial<StreamInput>, text: string): { records: readonly unknown[]; malformed: number } {
  const { records, faults } = readBody(define(stream).stream, answerOf(text));
  const others = records.filter((record, i) => faults?.has(i) === true || !isObject(record));
  return { records, malformed: others.length };
}
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a reader has of each mistake, and what it should have. `lacking`: those that have no place in the text. */
function mistakes(
  stream: Partial<StreamInput>,
  text: string,
  records: readonly unknown[],
): { readonly seen: unknown; readonly wanted: unknown; readonly lacking: readonly string[] } {
  const spoiler = spoilerOf(writtenBy(define(stream).stream));
  const at = records.length >> 1;
  const others = (all: readonly unknown[]): readonly unknown[] => all.filter((_, i) => i !== at);
  const told = [
    ['doubled', (of: string) => read(stream, of).records, [records[0], ...records]],
    ['short', (of: string) => read(stream, of).records, records.slice(0, Math.ceil(records.length / 2))],
    ['field', (of: string) => withoutNew(read(stream, of).records), { all: true, records }],
    ['malformed', (of: string) => malformedOf(stream, of, others), { malformed: 1, records: others(records) }],
    ['garbage', (of: string) => failure(stream, of), 'asked for again'],
  ] as const;
  const seen = told.map(([name, look, wanted]) => {
    const spoilt = spoiler[name](text);
    return { name, wanted, look: spoilt === undefined ? undefined : look(spoilt), isLacking: spoilt === undefined };
  });
  const there = seen.filter(({ isLacking }) => !isLacking);
  return {
    seen: there.map(({ name, look }) => [name, look]),
    wanted: there.map(({ name, wanted }) => [name, wanted]),
    lacking: seen.flatMap(({ name, isLacking }) => (isLacking ? [name] : [])),
  };
}

const isNew = (name: string): boolean => /^@?chaos_field$/.test(name);
function withoutNew(records: readonly unknown[]): unknown {
  const all = records as readonly Record<string, unknown>[];
  return {
    all: all.every((record) => Object.keys(record).some(isNew)),
    records: all.map((record) => Object.fromEntries(Object.entries(record).filter(([name]) => !isNew(name)))),
  };
}

function malformedOf(
  stream: Partial<StreamInput>,
  text: string,
  others: (all: readonly unknown[]) => readonly unknown[],
): unknown {
  const { records, malformed } = read(stream, text);
  return { malformed, records: others(records) };
}

function failure(stream: Partial<StreamInput>, text: string): unknown {
  try {
    return read(stream, text);
  } catch (error) {
    return error instanceof RetryLater ? 'asked for again' : error;
  }
}

/** A text that is blank is an empty one, in XML. */
const blank = (word: string): string => (word.trim() === '' ? '' : word);

const signs = fc.constantFrom(
  'a',
  'é',
  '東',
  ' ',
  ',',
  ';',
  '|',
  '"',
  "'",
  '\\',
  '#',
  '\n',
  '\r',
  '\t',
  '<',
  '&',
  '😀',
);
const words = fc.oneof(
  fc.constant(''),
  fc.array(signs, { maxLength: 6 }).map((some) => some.join('')),
);

describe('CSV', () => {
  const formats = fc.record({
    type: fc.constant('csv' as const),
    delimiter: fc.constantFrom(',', ';', '\t', '||', '|'),
    quote: fc.constantFrom('"', "'", false as const),
    escape: fc.constantFrom(undefined, '\\'),
    comment: fc.constantFrom(undefined, '#'),
    skipLines: fc.constantFrom(0, 0, 2),
    hasNames: fc.boolean(),
    nulls: fc.constantFrom<string[]>([], ['']),
  });
  const tables = fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.array(fc.array(words, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 7 }),
    );
  const style = fc.record({ quoted: fc.boolean(), lineEnd: fc.constantFrom('\n' as const, '\r\n' as const) });

  test('rows are read as they were written, and each mistake is one', () => {
    const told = new Map<string, number>();
    fc.assert(
      fc.property(formats, tables, style, ({ hasNames, escape, ...rest }, rows, how) => {
        const names = ['id', 'b', 'c', 'd'].slice(0, rows[0]?.length);
        const format = {
          ...rest,
          ...(escape === undefined || rest.quote === false ? {} : { escape }),
          ...(hasNames ? { columns: names } : {}),
        } as CsvFormat;
        const table = csvText([...(hasNames ? [] : [names]), ...rows], format, how);
        fc.pre(table !== undefined);
        const text = `${'skipped "\n'.repeat(format.skipLines)}${table}`;
        const stream = { format, primaryKey: ['id'], schema: {} };
        const isNull = (cell: string): boolean => format.nulls.includes(cell);
        const records = rows.map((row) =>
          Object.fromEntries(names.map((name, i) => [name, isNull(row[i] ?? '') ? null : row[i]])),
        );
        expect(read(stream, text).records).toEqual(records);
        const { seen, wanted, lacking } = mistakes(stream, text, records);
        expect(seen).toEqual(wanted);
        for (const name of lacking) told.set(name, (told.get(name) ?? 0) + 1);
        // Without a header row there is no place for another field; tables of one or two columns may have none for a cut.
        const mayLack = [
          'short',
          'malformed',
          ...(hasNames ? ['field'] : []),
          ...(names.length > 2 ? [] : ['garbage']),
        ];
        expect(lacking.filter((name) => !mayLack.includes(name))).toEqual([]);
      }),
      runs,
    );
    // A cut has no place in some tables of one or two columns alone.
    expect(told.get('garbage') ?? 0).toBeLessThan(runs.numRuns / 2);
  });

  test('a large one is cut where rows end, whatever they hold', () => {
    fc.assert(
      fc.property(formats, tables, style, ({ hasNames: _names, comment: _comment, escape, ...rest }, rows, how) => {
        const names = ['id', 'b', 'c', 'd'].slice(0, rows[0]?.length);
        const format = {
          ...rest,
          ...(escape === undefined || rest.quote === false ? {} : { escape }),
          skipLines: 0,
        } as CsvFormat;
        const text = csvText([names, ...rows], format, how);
        fc.pre(text !== undefined);
        const { partner, stream } = define({ format, primaryKey: ['id'], schema: {} });
        const source = inParts(partner, stream, 16);
        const records: unknown[] = [];
        let position = start;
        for (let i = 0; i < 100; i++) {
          const page = source.read(answerOf(text), position);
          records.push(...page.records);
          if (page.next.cursor === null) break;
          position = { ...start, cursor: page.next.cursor };
        }
        expect(records).toEqual(read({ format, primaryKey: ['id'], schema: {} }, text).records);
      }),
      runs,
    );
  });
});

describe('NDJSON, JSON and XML', () => {
  const records = fc.array(fc.record({ id: words, n: fc.integer(), text: words }), { minLength: 1, maxLength: 7 });

  test.each<[string, Partial<StreamInput>, (records: readonly unknown[]) => string]>([
    ['NDJSON', { format: 'ndjson' }, (all) => all.map((one) => JSON.stringify(one)).join('\n')],
    [
      'NDJSON with line ends of Windows',
      { format: 'ndjson' },
      (all) => all.map((one) => `${JSON.stringify(one)}\r\n`).join(''),
    ],
    ['JSON', { records: 'data' }, (all) => JSON.stringify({ meta: { n: 1 }, data: all })],
    ['JSON in a list', {}, (all) => JSON.stringify(all)],
  ])('each mistake in %s is one', (_, stream, write) => {
    fc.assert(
      fc.property(records, (all) => {
        const { seen, wanted, lacking } = mistakes({ schema: {}, ...stream }, write(all), all);
        expect(seen).toEqual(wanted);
        expect(lacking.filter((name) => all.length > 2 || !['short', 'malformed'].includes(name))).toEqual([]);
      }),
      runs,
    );
  });

  test('elements are read as they were written, and each mistake is one', () => {
    const entries = fc.array(
      fc.record({
        id: words,
        text: fc.oneof(words, fc.constant(null)),
        inner: fc.record({ a: words, '@b': words.map((word) => word.trim()) }),
        tags: fc.array(words, { minLength: 2, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 7 },
    );
    const format = formatOf('xml') as XmlFormat;
    const style = fc.record({ isIndented: fc.boolean(), hasCdata: fc.boolean() });
    fc.assert(
      fc.property(entries, style, (all, how) => {
        const text = xmlText(
          { feed: { total: 3, entry: all } },
          { format, records: ['feed', 'entry'], ...how },
        ) as string;
        const expected = all.map(({ id, text: some, inner, tags }) => ({
          id: blank(id),
          text: some === null ? null : blank(some),
          inner: { '@b': inner['@b'], a: blank(inner.a) },
          tags: tags.map(blank),
        }));
        const stream = {
          format: 'xml' as const,
          records: 'feed.entry',
          schema: {},
          pagination: { type: 'link' as const, total: 'feed.total' },
        };
        expect(read(stream, text).records).toEqual(expected);
        const { seen, wanted, lacking } = mistakes(stream, text, expected);
        expect(seen).toEqual(wanted);
        expect(lacking.filter((name) => all.length > 2 || !['short', 'malformed'].includes(name))).toEqual([]);
        expect(spoilerOf(writtenBy(define(stream).stream)).total(text)).toContain('<total>10</total>');
      }),
      runs,
    );
  });
});

test('a total that lies is larger, and numbers keep their digits', () => {
  const spoiler = spoilerOf({ format: 'json', records: [], total: 'meta.total' });
  const text = '{"meta":{"total":3},"data":[{"id":9007199254740993,"n":1.50}]}';
  expect(spoiler.total(text)).toBe('{"meta":{"total":10},"data":[{"id":9007199254740993,"n":1.50}]}');
  expect(spoiler.doubled(text)).toContain('[{"id":9007199254740993,"n":1.50},{"id":9007199254740993,"n":1.50}]');
  expect(spoiler.total('{"data":[]}')).toBeUndefined();
});

test('what a charset cannot hold is not written', () => {
  expect(encodeText('Zoë', 'latin1')).toEqual(Buffer.from([0x5a, 0x6f, 0xeb]));
  expect(encodeText('東', 'latin1')).toBeUndefined();
  expect(encodeText('東', 'shift_jis')).toEqual(Buffer.from([0x93, 0x8c]));
  expect(encodeText('a', 'iso-2022-jp')).toBeUndefined();
});
