import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

type Fields = Readonly<Record<string, unknown>>;

const things = (change: Partial<StreamInput>, fields: Fields): StreamInput => ({
  path: '/things',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, ...fields } },
  ...change,
});

const dateTime = { type: 'string', format: 'date-time' };
const by = { field: 'at', start: { as: 'since' }, end: { as: 'until' } } as const;
const rowsOf = async ({ name }: OwnPartner, columns: string): Promise<Fields[]> =>
  (await partners.pool.query<Fields>(`select ${columns} from ${name}.things order by id`)).rows;
/** What was asked for, run by run: `since` and `until`. */
const bounds = ({ asked }: OwnPartner): (string | null)[][] =>
  asked.map((path) => {
    const { searchParams } = new URL(path, 'http://any');
    return [searchParams.get('since'), searchParams.get('until')];
  });

describe('times as a partner writes them', () => {
  const records = [
    { id: 1, at: '2024-01-29T10:44:51.887-0800', made: '1763600000', on: '20240129', gone: '0000-00-00 00:00:00' },
    {
      id: 2,
      at: '2024-01-29 18:44:52+00',
      made: '/Date(1763600000123+0200)/',
      on: '20240130',
      gone: '2024-06-01 12:00',
    },
  ];
  const fields = { at: dateTime, made: { type: 'string' }, on: { type: 'string', format: 'date' } };
  const times: StreamInput['times'] = { made: ['epochSeconds', 'dotNet'], on: 'compact' };
  const gone = { formats: ['iso'], zone: 'Europe/Berlin', emptyIsNull: true };
  const columns = `to_char(at at time zone 'UTC', 'HH24:MI:SS.MS') as at, extract(epoch from made)::text as made, "on"::text as on`;
  const expected = [
    { at: '18:44:51.887', made: '1763600000.000000', on: '2024-01-29' },
    { at: '18:44:52.000', made: '1763600000.123000', on: '2024-01-30' },
  ];

  test('are instants in the table, and stay as they came everywhere else, whoever makes the table', async () => {
    const text = `[${records.map((record) => JSON.stringify(record)).join(' , ')}]`;
    const partner = await partners.partner(() => ({ text }), { things: things({ times }, fields) });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 2 } });
    expect(await rowsOf(partner, columns)).toEqual(expected);
    expect(await rowsOf(partner, `_extra`)).toEqual(records.map((record) => ({ _extra: { gone: record.gone } })));
    const { rows } = await partners.pool.query<{ payload: string }>(
      `select e.payload::text as payload from events e join streams s using (stream_id) where s.partner = $1 order by event`,
      [partner.name],
    );
    expect(rows.map(({ payload }) => payload)).toEqual(records.map((record) => JSON.stringify(record)));

    // A column that SQL cannot fill from what the rows hold of it.
    await partner.define({ things: things({ times: { ...times, gone } }, { ...fields, gone: dateTime }) });
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    const withGone = `${columns}, extract(epoch from gone)::integer as gone, _extra`;
    const all = expected.map((row, i) => ({
      ...row,
      gone: i === 0 ? null : Date.UTC(2024, 5, 1, 10) / 1000,
      _extra: null,
    }));
    expect(await rowsOf(partner, withGone)).toEqual(all);

    await partners.pool.query(`drop table ${partner.name}.things`);
    expect(await partner.read('things', { window: '2026-11-26' })).toMatchObject({ counts: { unchanged: 2 } });
    expect(await rowsOf(partner, withGone)).toEqual(all);
  });
});

describe('the watermark', () => {
  test.each<[string, Partial<StreamInput>, unknown, string]>([
    [
      'epoch seconds as text',
      { incremental: { ...by, start: { as: 'since', format: 'epochSeconds' } } },
      '1763600000',
      '1763600000',
    ],
    ['/Date()/', { incremental: by }, '/Date(1763600000000+0200)/', '2025-11-20T00:53:20.000Z'],
    ['an HTTP date', { incremental: by }, 'Thu, 20 Nov 2025 00:53:20 GMT', '2025-11-20T00:53:20.000Z'],
    [
      'times without a zone',
      {
        incremental: { ...by, start: { as: 'since', format: 'yyyy-MM-dd HH:mm:ss', zone: 'Europe/Berlin' } },
        times: { at: { zone: 'Europe/Berlin' } },
      },
      '2025-11-20 01:53:20',
      '2025-11-20 01:53:20',
    ],
  ])('follows %s', async (_what, change, at, since) => {
    const partner = await partners.partner(() => ({ body: [{ id: 1, at }] }), {
      things: things(change, { at: { type: 'string' } }),
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok' });
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    expect(bounds(partner).map(([start]) => start)).toEqual([null, since]);
  });

  test.each<[string, Fields, string]>([
    ['a field that is not there', { id: 1 }, 'nothing'],
    ['null', { id: 1, at: null }, 'null'],
    ['what is no time', { id: 1, at: 'soon' }, 'a text that is no time as `times` or ISO 8601 has it'],
    ['a time that is still to come', { id: 1, at: '2999-01-01T00:00:00Z' }, 'a time in the future'],
  ])('that cannot move for %s makes the run suspect, each night anew', async (_what, record, found) => {
    const partner = await partners.partner(() => ({ body: [record] }), {
      things: things({ incremental: by }, { at: { type: ['string', 'null'] } }),
    });
    const suspect = {
      outcome: 'suspect',
      reason: `no time can be read at "at" in the record (one has ${found}): the watermark stays where it is, and the next run reads all this again; say under \`times\` how the field is written, or correct incremental.field`,
    };
    expect(await partner.read('things')).toMatchObject(suspect);
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject(suspect);
    expect(bounds(partner).map(([start]) => start)).toEqual([null, null]);
  });

  test('may stay where nothing came', async () => {
    const partner = await partners.partner(() => ({ body: [] }), {
      things: things({ incremental: by }, { at: dateTime }),
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok' });
  });

  test('stays behind the reading by the lag that is declared', async () => {
    const at = '2026-11-23T23:59:00Z';
    const partner = await partners.partner(() => ({ body: [{ id: 1, at }] }), {
      things: things({ incremental: { ...by, lag: '5m' } }, { at: dateTime }),
    });
    // A day that is caught up counts as read as of its beginning.
    await partner.read('things', { window: '2026-11-24' });
    await partner.read('things', { window: '2026-11-25' });
    expect(bounds(partner)[1]?.[0]).toBe('2026-11-23T23:55:00.000Z');
  });
});

describe('the first reading', () => {
  const all = [
    { id: 1, at: '2026-11-01T00:00:00Z' },
    { id: 2, at: null },
    { id: 3 },
    { id: 4, at: '2026-11-02T00:00:00Z' },
  ];
  /** A filter on a time leaves out what has none. */
  const filtering = (url: URL): { readonly body: unknown } => ({
    body: [...url.searchParams.keys()].length === 0 ? all : all.filter(({ at }) => at !== undefined && at !== null),
  });
  const nullable = { at: { type: ['string', 'null'], format: 'date-time' } };

  test('asks for everything, so that records without the field come, too', async () => {
    const partner = await partners.partner(filtering, { things: things({ incremental: by }, nullable) });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 4 } });
    await partner.read('things', { window: '2026-11-25' });
    expect(bounds(partner)).toEqual([
      [null, null],
      ['2026-11-02T00:00:00.000Z', '2026-11-26T00:00:00.000Z'],
    ]);
  });

  test('begins where the definition says, and a range where it is told', async () => {
    const incremental = { ...by, initial: '2026-11-02T00:00:00Z' };
    const partner = await partners.partner(filtering, { things: things({ incremental }, nullable) });
    await partner.read('things');
    await partner.define({ things: things({ incremental: by }, nullable) });
    await partner.read('things', { window: '2026-11-01..2026-11-01' });
    expect(bounds(partner)).toEqual([
      ['2026-11-02T00:00:00.000Z', '2026-11-25T00:00:00.000Z'],
      ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'],
    ]);
  });

  test.each([
    ['skipped by a rule', [{ status: 404, action: 'skip' as const }], 'ok'],
    ['refused', [], 'partial'],
  ])('of a parent comes later where its call was %s', async (_what, errors, outcome) => {
    const gone = new Set(['b']);
    const since: string[] = [];
    const partner = await partners.partner(
      (url) => {
        const parent = url.pathname.split('/')[2];
        if (parent === undefined) return { body: ['a', 'b'].map((id) => ({ id })) };
        since.push(`${parent} ${url.searchParams.get('since')}`);
        return gone.has(parent) ? { status: 404, body: {} } : { body: [{ id: parent, at: '2026-11-20T00:00:00Z' }] };
      },
      {
        lists: {
          path: '/lists',
          primaryKey: ['id'],
          schema: { type: 'object', properties: { id: { type: 'string' } } },
        },
        things: {
          ...things({ incremental: by, errors }, {}),
          path: '/lists/{list}',
          parent: { stream: 'lists', field: 'id', as: 'list' },
          concurrency: 1,
          schema: { type: 'object', properties: { id: { type: 'string' }, at: dateTime } },
        },
      },
    );
    await partner.read('lists');
    expect(await partner.read('things')).toMatchObject({ outcome });
    // A range of the past tells nothing of what a night has read.
    await partner.read('things', { window: '2026-10-01..2026-10-02' });
    gone.clear();
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    expect(since.toSorted()).toEqual([
      'a 2026-10-01T00:00:00.000Z',
      'a 2026-11-20T00:00:00.000Z',
      'a null',
      'b 2026-10-01T00:00:00.000Z',
      'b null',
      'b null',
    ]);
  });
});
