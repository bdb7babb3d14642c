import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { zipFile } from '../support/zip-file.ts';

/** What partners answer in other shapes and formats than a JSON array, read to the end of a run. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const things = {
  path: '/things',
  primaryKey: ['id'],
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, name: { type: ['string', 'null'] }, ok: { type: 'boolean' } },
  },
} satisfies StreamInput;

const reading = (answer: (url: URL) => OwnAnswer, change: Partial<StreamInput>): Promise<OwnPartner> =>
  partners.partner(answer, { things: { ...things, ...change } }, { circuit: { streak: 1000, minCalls: 1000 } });

const rowsOf = async ({ name }: OwnPartner): Promise<unknown[]> => {
  const { rows } = await partners.pool.query<{ id: string; name: string | null; ok: boolean | null }>(
    `select id, name, ok from ${name}.things order by id`,
  );
  return rows.map((row) => [Number(row.id), row.name, row.ok]);
};

const heldOf = async ({ name }: OwnPartner): Promise<unknown[]> => {
  const { rows } = await partners.pool.query(
    `select q.reason, q.payload from syncline.quarantine q join syncline.streams s using (stream_id)
      where s.partner = $1 order by q.ordinal`,
    [name],
  );
  return rows;
};

describe('read to the end', () => {
  const csv = 'id;name;ok\n1;é;true\n2;;false\n';
  const both = [
    [1, 'é', true],
    [2, null, false],
  ];
  const semicolons = { type: 'csv' as const, delimiter: ';', nulls: [''] };

  test.each<[name: string, answer: OwnAnswer, change: Partial<StreamInput>, rows: unknown[]]>([
    ['CSV', { text: csv }, { format: semicolons }, both],
    ['CSV in Latin-1', { text: Buffer.from(csv, 'latin1') }, { format: { ...semicolons, encoding: 'latin1' } }, both],
    ['CSV in UTF-16', { text: Buffer.from(`\ufeff${csv}`, 'utf16le') }, { format: semicolons }, both],
    ['CSV in gzip', { text: gzipSync(csv) }, { format: semicolons, compression: 'gzip' }, both],
    [
      'CSV in zip',
      {
        text: zipFile([
          { name: 'a.csv', data: csv },
          { name: 'read.me', data: 'x' },
        ]),
      },
      { format: semicolons, compression: { type: 'zip', files: '*.csv' } },
      both,
    ],
    [
      'NDJSON in gzip',
      { text: gzipSync('{"id":1,"name":"é","ok":true}\n{"id":2,"ok":false}\n') },
      { format: 'ndjson', compression: 'auto' },
      both,
    ],
    [
      'XML',
      { text: '<r><t><id>1</id><name>é</name><ok>true</ok></t></r>' },
      { format: 'xml', records: 'r.t' },
      [[1, 'é', true]],
    ],
    [
      'JSON in gzip',
      { text: gzipSync('{"data":[{"id":1}]}') },
      { records: 'data', compression: 'gzip' },
      [[1, null, null]],
    ],
    ['a coding that is none', { headers: { 'content-encoding': 'utf-8' }, text: '[{"id":1}]' }, {}, [[1, null, null]]],
    ['nodes', { body: { edges: [{ node: { id: 1 } }] } }, { records: 'edges.*.node' }, [[1, null, null]]],
    ['a list that is left out', { body: { kind: 'list' } }, { records: { path: 'items', missing: 'empty' } }, []],
    ['one record', { body: { items: { id: 1 } } }, { records: { path: 'items', single: true } }, [[1, null, null]]],
    ['keys', { body: { 1: { name: 'a' } } }, { records: { byKey: 'id' } }, [[1, 'a', null]]],
    [
      'rows',
      { body: { c: ['id', 'ok'], r: [[1, true]] } },
      { records: { path: 'r', columns: 'c' } },
      [[1, null, true]],
    ],
  ])('%s', async (_, answer, change, rows) => {
    const partner = await reading(() => answer, change);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { fetched: rows.length } });
    expect(await rowsOf(partner)).toEqual(rows);
  });

  test('what a row lacks is held back, and the others land', async () => {
    const partner = await reading(() => ({ text: 'id,name\n1,a\n2\n3,b,c\n4,d\n' }), {
      format: 'csv',
      errorBudget: { count: 5, share: 1 },
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'partial', counts: { fetched: 4, quarantined: 2 } });
    expect(await rowsOf(partner)).toEqual([
      [1, 'a', null],
      [4, 'd', null],
    ]);
    expect(await heldOf(partner)).toEqual([
      { reason: 'expected 2 fields in the row, found 1', payload: '["2"]' },
      { reason: 'expected 2 fields in the row, found 3', payload: '["3","b","c"]' },
    ]);
  });

  test('the log keeps the digits of records that were made', async () => {
    const partner = await reading(() => ({ text: '{"a":{"id":1,"n":9007199254740993,"x":1.50}}' }), {
      records: { path: 'a', single: true },
    });
    await partner.read('things');
    const { rows } = await partners.pool.query<{ payload: string }>(
      `select e.payload::text as payload from syncline.events e join syncline.streams s using (stream_id) where s.partner = $1`,
      [partner.name],
    );
    expect(rows).toEqual([{ payload: '{"id":1,"n":9007199254740993,"x":1.50}' }]);
  });

  test('pages of CSV are followed by a header', async () => {
    const partner = await reading(
      (url) =>
        url.searchParams.has('page')
          ? { text: 'id,name\n2,b\n' }
          : { headers: { 'x-next': 'p2' }, text: 'id,name\n1,a\n' },
      { format: 'csv', pagination: { type: 'token', from: 'header', token: 'x-next', as: 'page' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 2 } });
  });
});

describe('is not taken for whole', () => {
  test.each<[name: string, text: string | Buffer, change: Partial<StreamInput>, says: RegExp]>([
    ['CSV that ends within quotes', 'id,name\n1,"a', { format: 'csv' }, /never closed/],
    ['NDJSON that ends within a line', '{"id":1}\n{"id', { format: 'ndjson' }, /ends within line 2/],
    ['XML that ends early', '<r><t><id>1</id></t>', { format: 'xml', records: 'r.t' }, /not well-formed/],
    [
      'gzip that ends early',
      gzipSync('id\n1\n').subarray(0, -4),
      { format: 'csv', compression: 'gzip' },
      /broken or was cut off/,
    ],
    ['gzip that the definition does not name', gzipSync('[]'), {}, /write compression: gzip/],
    ['CSV that the definition does not name', 'id,name\n1,a\n', {}, /write format: csv/],
  ])('%s', async (_, text, change, says) => {
    const partner = await reading(() => ({ text }), change);
    await expect(partner.read('things')).rejects.toThrow(says);
  });

  test('a zip that unpacks to more than is taken', async () => {
    const partner = await partners.partner(
      () => ({ text: gzipSync(Buffer.alloc(200_000)) }),
      { things: { ...things, format: 'csv', compression: 'auto' } },
      { maxBytes: 100_000 },
    );
    await expect(partner.read('things')).rejects.toThrow(/more than 100000 bytes/);
  });
});
