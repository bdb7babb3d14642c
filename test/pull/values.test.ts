import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const things = (properties: object, change: Partial<StreamInput> = {}): { readonly things: StreamInput } => ({
  things: {
    path: '/things',
    primaryKey: ['id'],
    errorBudget: { count: 50, share: 1 },
    schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, ...properties } },
    ...change,
  },
});
const rowsOf = async ({ name }: OwnPartner, columns: string): Promise<unknown[][]> =>
  (
    await partners.pool.query<unknown[]>({
      rowMode: 'array',
      text: `select ${columns} from ${name}.things order by id collate "C"`,
    })
  ).rows;

describe('numbers that no double holds', () => {
  const numbers = [
    '9007199254740993',
    '1e400',
    '0.1234567890123456789',
    '12345678901234567890123',
    '-1e-400',
    '100000',
  ];
  const text = `[${numbers.map((n, i) => `{"id":"${i}","n":${n},"j":{"n":[${n}]},"x":${n},"s":"${n}"}`).join(',')}]`;
  const columns = `n::text, (j -> 'n' -> 0)::numeric::text, jsonb_typeof(j -> 'n' -> 0), (_extra -> 'x')::numeric::text, jsonb_typeof(_extra -> 's')`;

  test('are numbers in a column, in a JSON column and in _extra, whoever makes the table', async () => {
    const partner = await partners.partner(() => ({ text }), things({ n: { type: 'number' }, j: { type: 'object' } }));
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: numbers.length } });
    const rows = await rowsOf(partner, columns);
    const { rows: exact } = await partners.pool.query<[string]>({
      rowMode: 'array',
      text: `select n::numeric::text from unnest($1::text[]) with ordinality as n(n, place) order by place`,
      values: [numbers],
    });
    expect(rows).toEqual(exact.map(([n]) => [n, n, 'number', n, 'string']));

    await partners.pool.query(`drop table ${partner.name}.things`);
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({
      counts: { unchanged: numbers.length },
    });
    expect(await rowsOf(partner, columns)).toEqual(rows);
  });

  test('that JSON has no word for are named with their place', async () => {
    const partner = await partners.partner(() => ({ text: '[{"id":"1","n":1},{"id":"2","n":NaN}]' }), things({}));
    await expect(partner.read('things')).rejects.toThrow('expected JSON, found NaN at 1.n is no JSON');
  });
});

test('a field whose name every object inherits is one like others', async () => {
  const text = '[{"id":"1","constructor":"Acme","__proto__":"p","toString":1},{"id":"2"}]';
  const properties = JSON.parse(
    '{"constructor":{},"__proto__":{"type":"string"},"valueOf":{"type":"integer"}}',
  ) as object;
  const schema = { type: 'object', required: ['id'] };
  const partner = await partners.partner(() => ({ text }), things({}));
  await partner.define({
    things: {
      ...things({}).things,
      // A spread would keep the field, and a literal would not.
      schema: { ...schema, properties: { id: { type: 'string' }, ...properties } },
    },
  });
  expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 2, quarantined: 0 } });
  expect(await rowsOf(partner, `id, constructor, "__proto__", "valueOf", _extra`)).toEqual([
    ['1', 'Acme', 'p', null, { toString: 1 }],
    ['2', null, null, null, null],
  ]);
});

/** Letters that PostgreSQL cannot compress. */
function long(bytes: number): string {
  let seed = bytes;
  let key = '';
  while (key.length < bytes) {
    seed = (seed * 48_271) % 2_147_483_647;
    key += seed.toString(36);
  }
  return key.slice(0, bytes);
}

describe('keys', () => {
  test('land up to what an index takes, however well they compress; what is longer is named with its place', async () => {
    const keys = [700, 1000, 2688].flatMap((bytes) => [long(bytes), `${'p/'.repeat(bytes / 2 - 1)}${bytes % 10}x`]);
    const partner = await partners.partner(
      () => ({ body: [...keys, long(2689)].map((id) => ({ id })) }),
      things({}, { version: [] }),
    );
    for (const window of ['2026-11-24', '2026-11-25'])
      expect(await partner.read('things', { window })).toMatchObject({
        outcome: 'partial',
        counts: { quarantined: 1 },
      });
    expect((await rowsOf(partner, 'id')).map(([id]) => id)).toEqual(keys.toSorted());
    const held = await readQuarantine(partners.pool, { partner: partner.name, limit: 10 });
    expect(held).toMatchObject([
      {
        path: 'id',
        reason: "expected a key of at most 2688 bytes, found 2689: PostgreSQL's index takes no more",
        count: 2,
      },
    ]);
  });

  test('of an append have the hash beside them in the index', async () => {
    const partner = await partners.partner(
      () => ({ body: [2664, 2665].map((bytes) => ({ id: long(bytes) })) }),
      things({}, { disposition: 'append' }),
    );
    expect(await partner.read('things')).toMatchObject({ counts: { inserted: 1, quarantined: 1 } });
    const held = await readQuarantine(partners.pool, { partner: partner.name, limit: 10 });
    expect(held).toMatchObject([
      { path: 'id', reason: expect.stringMatching(/^expected a key of at most 2664 bytes, found 2665/) },
    ]);
  });

  test('that differ only in half a letter do not become one', async () => {
    const text = String.raw`[{"id":"\ud800"},{"id":"\ud801"},{"id":"a"}]`;
    const partner = await partners.partner(() => ({ text }), things({}));
    expect(await partner.read('things')).toMatchObject({ outcome: 'partial', counts: { inserted: 1, quarantined: 2 } });
    const held = await readQuarantine(partners.pool, { partner: partner.name, limit: 10 });
    expect(held).toHaveLength(2);
    expect(new Set(held.map(({ payload }) => payload))).toEqual(
      new Set([String.raw`{"id":"\ud800"}`, String.raw`{"id":"\ud801"}`]),
    );
    expect(held).toMatchObject([1, 2].map(() => ({ key: null, path: 'id' })));
  });
});
