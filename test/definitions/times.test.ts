import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parseJson } from '../../core/json.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { rowTexts } from '../../records/row-texts.ts';
import { defineStream } from '../support/define-stream.ts';
import { problemsOf } from './partner-files.ts';

type Fields = Readonly<Record<string, unknown>>;
const string = { type: 'string' };
const dateTime = { type: 'string', format: 'date-time' };

const streamOf = (fields: Fields, change: Partial<StreamInput>): ReturnType<typeof defineStream> =>
  defineStream({
    version: [],
    schema: { type: 'object', required: ['id'], properties: { id: string, ...fields } },
    ...change,
  });

/** Texts of the columns behind the key, or the path and reason of what does not fit. */
async function columnsOf(stream: ReturnType<typeof defineStream>, record: Fields): Promise<unknown> {
  const payload = JSON.stringify({ id: 'a', ...record });
  const { rows, rejected } = await rowTexts(stream, [{ payload, ascii: false, record: parseJson(payload) }]);
  return rows[0]?.values.slice(1) ?? [rejected[0]?.path, rejected[0]?.reason];
}

describe('format: date-time', () => {
  test.each([
    ['2024-01-29T18:44:51.887+0000'],
    ['2024-01-29T10:44:51.887-0800'],
    ['2024-01-29 18:44:51.887+00'],
    ['2024-01-29T18:44:51Z'],
  ])('takes %s without any further word', async (at) => {
    expect(await columnsOf(streamOf({ at: dateTime }, {}), { at })).toEqual([at]);
    expect(
      await columnsOf(streamOf({ o: { type: 'object', properties: { at: dateTime } } }, {}), { o: { at } }),
    ).toEqual([JSON.stringify({ at })]);
  });

  test.each(['2024-01-29T18:44:51', '2024-02-30T18:44:51Z', '29.01.2024', '/Date(1700000000000)/'])(
    'does not guess what %s means, and says where that can be said',
    async (at) => {
      expect(await columnsOf(streamOf({ at: dateTime }, {}), { at })).toEqual([
        'at',
        'expected a time with its zone such as 2026-01-02T03:04:05Z, found another string; say under `times` how it is written',
      ]);
    },
  );
});

describe('times of a field', () => {
  test.each<[string, Partial<StreamInput>['times'], unknown, unknown]>([
    ['a format', { at: 'epochSeconds' }, '1763600000', '2025-11-20T00:53:20Z'],
    ['several', { at: ['iso', 'epochMs'] }, 1_763_600_000_001, '2025-11-20T00:53:20.001Z'],
    ['a zone', { at: { zone: 'Europe/Berlin' } }, '2024-01-29 18:44:51', '2024-01-29T17:44:51Z'],
    ['a pattern', { at: { formats: ['dd.MM.yyyy HH:mm'], zone: 'UTC' } }, '29.01.2024 18:44', '2024-01-29T18:44:00Z'],
    ['all fields at once', { '*': 'dotNet' }, '/Date(1700000000000+0200)/', '2023-11-14T22:13:20Z'],
  ])('by %s: its column is a timestamp', async (_what, times, at, text) => {
    const stream = streamOf({ at: dateTime }, { times });
    expect(stream.columns[1]).toMatchObject({ name: 'at', type: 'timestamp' });
    expect(await columnsOf(stream, { at })).toEqual([text]);
  });

  test.each([[{ type: 'integer' }], [{ type: ['string', 'null'] }], [{}], [dateTime]])(
    'whatever its schema says of the type: %j',
    async (field) => {
      const stream = streamOf({ at: field }, { times: { at: 'epochSeconds' } });
      expect(stream.columns[1]?.type).toBe('timestamp');
      expect(await columnsOf(stream, { at: 1_763_600_000 })).toEqual(['2025-11-20T00:53:20Z']);
      expect(await columnsOf(stream, {})).toEqual([null]);
    },
  );

  test('of a date makes a date', async () => {
    const stream = streamOf({ on: { type: 'string', format: 'date' } }, { times: { on: 'dd.MM.yyyy' } });
    expect(stream.columns[1]?.type).toBe('date');
    expect(await columnsOf(stream, { on: '29.01.2024' })).toEqual(['2024-01-29']);
  });

  test.each(['', ' ', '0000-00-00', '0000-00-00 00:00:00', '0000-00-00T00:00:00Z'])(
    'is null for %j where the definition says so, and only there',
    async (at) => {
      const times = { zone: 'UTC', emptyIsNull: true };
      expect(await columnsOf(streamOf({ at: dateTime }, { times: { at: times } }), { at })).toEqual([null]);
      expect(
        await columnsOf(streamOf({ at: dateTime }, { times: { at: { ...times, emptyIsNull: false } } }), { at }),
      ).toEqual(['at', 'expected a time as times.at says (iso), found another string']);
    },
  );

  test('asks for what is required, and takes null where the schema does', async () => {
    const required = defineStream({
      version: [],
      times: { at: 'epochMs' },
      schema: { type: 'object', required: ['id', 'at'], properties: { id: string, at: string } },
    });
    expect(await columnsOf(required, {})).toEqual(['at', 'expected a value, found nothing']);
    expect(await columnsOf(required, { at: null })).toEqual([
      'at',
      'expected a time as times.at says (epochMs), found null',
    ]);
    expect(await columnsOf(required, { at: [1] })).toEqual([
      'at',
      'expected a time as times.at says (epochMs), found array',
    ]);
    const nullable = streamOf({ at: { anyOf: [string, { type: 'null' }] } }, { times: { at: 'epochMs' } });
    expect(await columnsOf(nullable, { at: null })).toEqual([null]);
  });

  test('of an unknown zone is held back, with what to say', async () => {
    expect(await columnsOf(streamOf({ at: string }, { times: { at: 'iso' } }), { at: '2024-01-29 18:44:51' })).toEqual([
      'at',
      'expected a time as times.at says (iso), found one without a zone: say times.at.zone',
    ]);
  });

  test('orders versions, and keys are one however they are written', async () => {
    const stream = streamOf(
      { at: string },
      { times: { at: ['httpDate', 'iso'] }, primaryKey: ['at'], version: ['at'] },
    );
    const { rows } = await rowTexts(
      stream,
      ['Mon, 29 Jan 2024 18:44:51 GMT', '2024-01-29T19:44:51+0100', 'Tue, 06 Feb 2024 00:00:00 GMT'].map((at) => {
        const payload = JSON.stringify({ id: 'a', at });
        return { payload, ascii: true, record: parseJson(payload) };
      }),
    );
    expect(rows.map(({ key }) => key)).toEqual([
      '2024-01-29T18:44:51.000000Z',
      '2024-01-29T18:44:51.000000Z',
      '2024-02-06T00:00:00.000000Z',
    ]);
  });

  test('inside an object is a version, and the object stays as it came', async () => {
    const meta = { type: 'object', properties: { at: string } };
    const stream = streamOf({ meta }, { times: { 'meta.at': 'dotNet' }, version: ['meta.at'] });
    expect(await columnsOf(stream, { meta: { at: '/Date(0)/' } })).toEqual(['{"at":"/Date(0)/"}']);
    expect(await columnsOf(stream, { meta: { at: 'x' } })).toEqual([
      'meta.at',
      'expected a time as times.meta.at says (dotNet), found another string',
    ]);
  });

  test('of an empty key is held back', async () => {
    const stream = streamOf({ at: string }, { primaryKey: ['at'], times: { at: { emptyIsNull: true } } });
    expect(await columnsOf(stream, { at: '' })).toEqual([
      'at',
      'expected a value for the primary key, found an empty time',
    ]);
  });

  test('goes with zod: the schema takes what comes, and the column is a timestamp', async () => {
    const schema = z.looseObject({ id: z.string(), at: z.union([z.string(), z.int()]) });
    const stream = defineStream({ version: ['at'], schema, times: { at: ['epochSeconds', 'iso'] } });
    expect(stream.version[0]?.type).toBe('timestamp');
    expect(await columnsOf(stream, { at: 0 })).toEqual(['1970-01-01T00:00:00Z']);
  });

  test('changes the version of the definition', () => {
    const [a, b] = ['epochSeconds', 'epochMs'].map((at) => streamOf({ at: string }, { times: { at } }));
    expect(a?.definitionVersion).not.toBe(b?.definitionVersion);
  });
});

const lines = (times: string, field = '{ type: string }'): string =>
  `name: acme\nbaseUrl: https://a.example\nstreams:\n  orders:\n    path: /o\n    primaryKey: [id]\n    times: ${times}\n    schema: { type: object, properties: { id: { type: string }, at: ${field} } }\n`;

describe('what `times` may not say', () => {
  test.each([
    ['{ ta: iso }', 'streams.orders.times.ta', 'did you mean "at"?'],
    ['{ at: isoo }', 'streams.orders.times.at', 'did you mean "iso"?'],
    ['{ at: yyyy-MM-DD }', 'streams.orders.times.at', '"DD" means nothing here'],
    [
      '{ at: dd.MM.yyyy }',
      'streams.orders.times.at',
      'a time written as dd.MM.yyyy does not say its zone; add zone: UTC',
    ],
    ['{ at: { formats: [iso, date] } }', 'streams.orders.times.at', 'a time written as date does not say its zone'],
    ['{ at: { zone: Europe/Berln } }', 'streams.orders.times.at', 'a time zone such as UTC or Europe/Berlin'],
  ])('%s', async (times, path, says) => {
    const problems = (await problemsOf(lines(times))).join('\n');
    expect(problems).toContain(path);
    expect(problems).toContain(says);
  });

  test('the time of a field that is described elsewhere', async () => {
    const text = lines('{ at: iso }', "{ $ref: '#/$defs/t' }").replace(
      'type: object,',
      'type: object, $defs: { t: { type: string } },',
    );
    expect(await problemsOf(text)).toEqual([]);
    const inside = lines('{ at.x: iso }', "{ $ref: '#/$defs/t' }").replace(
      'type: object,',
      'type: object, $defs: { t: { type: object, properties: { x: { type: string } } } },',
    );
    expect((await problemsOf(inside)).join()).toContain('the schema of "at.x" is behind a $ref or one of several');
  });
});
