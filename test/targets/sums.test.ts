import { describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, json, record, string } from 'fast-check';
import { jsonbText } from '../../targets/jsonb-text.ts';
import type { KeyedRow, SummedTable, Target, TargetTable } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { changesOf, column, orders, rowOf, visits } from '../support/target-rows.ts';
import { usePool } from '../support/use-pool.ts';
import { useKind } from './kinds.ts';

const used = usePool(1);
const duckdb = useKind('duckdb');
const postgres = useKind('postgres');

const numRuns = long ? 300 : 15;
const seed = long ? {} : { seed: 20 };

async function some(target: Target, table: TargetTable, buckets: readonly number[]): Promise<readonly KeyedRow[]> {
  const rows: KeyedRow[] = [];
  for await (const row of target.some(table, { buckets, stands: () => {} })) rows.push(row);
  return rows;
}

const all: TargetTable = {
  schema: 'acme',
  table: 'all_types',
  columns: [
    column('a', 'text'),
    column('b', 'number'),
    column('c', 'timestamp'),
    column('Text', 'text'),
    column('text', 'text'),
    column('n/~"', 'number'),
    column('i', 'integer'),
    column('yes', 'boolean'),
    column('day', 'date'),
    column('doc', 'json'),
    column('at', 'timestamp'),
    column('list', 'json'),
  ],
  keys: 3,
  rowPer: 'key',
};

const odd: readonly (readonly (string | null)[])[] = [
  ['', '0', '2026-01-01T00:00:00Z', null, '', null, null, null, null, null, null, null],
  [
    'a\u0001b',
    '1.50',
    '0001-01-01T00:00:00Z',
    '5:x',
    "'",
    '1e-30',
    '-1',
    't',
    '0001-01-01',
    '{"bb":1.10,"a":[1, 2 ]}',
    null,
    null,
  ],
  [
    'a',
    '1e3',
    '9999-12-31T23:59:59.999999Z',
    'é',
    '\n',
    '12345678901234567890.123',
    '9223372036854775807',
    'f',
    '9999-12-31',
    '"\\u00e9\\u0001"',
    '1969-12-31T23:59:59.5Z',
    '[]',
  ],
  [
    '日本',
    '-0.000001',
    '2026-06-01T12:00:00+05:30',
    ' ',
    '\u0002',
    '100',
    '0',
    't',
    '1582-10-10',
    '{"n":1e2,"é":null,"zz":{"b":-0.0,"a":true}}',
    null,
    '[{"x":"y"}]',
  ],
];

async function inPostgres(texts: readonly string[]): Promise<readonly string[]> {
  const { rows } = await used.pool.query<{ text: string }>(
    'select text::jsonb::text from unnest($1::text[]) with ordinality as t(text, i) order by i',
    [texts],
  );
  return rows.map(({ text }) => text);
}

describe('counts and checksums', () => {
  test('a JSON text is written as PostgreSQL writes it', async () => {
    const written = [
      '{"b":1,"a":2,"aa":0,"é":1,"a":3}',
      '[1.0,1.50,1e3,1.5e1,1E-3,-0.0,-0,0.10e1,12345678901234567890.10, 10e-1]',
      String.raw`"\u0041\/\b\f\n\r\t\"\\\u001f\u007f\ud83d\ude00"`,
      ' { "x" : [ ] , "y" : { } , "z" : [ null , true , false ] } ',
      `${'['.repeat(900)}${']'.repeat(900)}`,
    ];
    expect(written.map(jsonbText)).toEqual(await inPostgres(written));
    await assert(
      asyncProperty(array(json(), { minLength: 1 }), async (found) => {
        const texts = found.filter((text) => !/\\u0000|\\ud[89a-f]/i.test(text));
        expect(texts.map(jsonbText)).toEqual(await inPostgres(texts));
      }),
      { numRuns, ...seed },
    );
  });

  test('the same rows have the same in each kind of warehouse, and come in the same order', async () => {
    const [lake, twin] = [await duckdb.fresh(), await postgres.fresh()];
    const rows = odd.map((values, i) =>
      rowOf(i + 1, values, {
        extra: i === 2 ? '{"more":[1.0,{"z":1,"a":"\\n"}]}' : null,
        ...(i === 3 ? { deletedAt: '2026-01-02T03:04:05.678901Z' } : {}),
      }),
    );
    const [first, second] = await Promise.all(
      [lake, twin].map(async (target): Promise<SummedTable> => {
        await target.open(all);
        expect(await target.misfit(all)).toBeUndefined();
        await target.apply(all, changesOf(0, rows));
        return target.sums(all);
      }),
    );
    expect(first?.sums.rows).toBe(odd.length);
    expect(first?.standing?.event).toBe(odd.length);
    expect(first?.sums.differing(second?.sums as SummedTable['sums'])).toEqual([]);

    const every = Array.from({ length: 65_536 }, (_, bucket) => bucket);
    const [ours, theirs] = [await some(lake, all, every), await some(twin, all, every)];
    expect(ours.map(({ event }) => event).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(ours).toEqual(theirs);
    expect(ours.map(({ keyDigest }) => keyDigest)).toEqual(ours.map(({ keyDigest }) => keyDigest).toSorted());

    await lake.apply(all, changesOf(4, [{ ...(rows[1] as (typeof rows)[1]), extra: '{"x":1}' }], { to: 4 }));
    const differing = (await lake.sums(all)).sums.differing((await twin.sums(all)).sums);
    expect(differing).toHaveLength(1);
    expect((await some(twin, all, differing)).map(({ event }) => event)).toEqual([2]);
  });

  test('rows without a key are told apart by their events', async () => {
    const [lake, twin] = [await duckdb.fresh(), await postgres.fresh()];
    for (const target of [lake, twin]) {
      await target.open(visits);
      await target.apply(visits, changesOf(0, [rowOf(1, ['same']), rowOf(2, ['same']), rowOf(3, [null])]));
    }
    expect((await lake.sums(visits)).sums.differing((await twin.sums(visits)).sums)).toEqual([]);
    await twin.apply(visits, changesOf(3, [rowOf(2, ['other'])], { to: 3 }));
    expect((await lake.sums(visits)).sums.differing((await twin.sums(visits)).sums)).toHaveLength(1);
  });

  test('texts that only differ in where one ends and the next begins differ', async () => {
    const table = { ...orders, columns: [column('id', 'integer'), column('x', 'text'), column('y', 'text')] };
    const values = record({
      x: string({ unit: constantFrom('\u0001', ':', '1', 'a') }),
      y: string({ unit: constantFrom('\u0001', ':', '1', 'a') }),
    });
    const target = await duckdb.fresh();
    await target.open(table);
    await assert(
      asyncProperty(values, values, async (a, b) => {
        const sums = [];
        for (const { x, y } of [a, b]) {
          await target.apply(table, changesOf(0, [rowOf(1, ['1', x, y])], { to: 0 }));
          sums.push((await target.sums(table)).sums);
        }
        expect(sums[0]?.differing(sums[1] as SummedTable['sums']).length).toBe(a.x === b.x && a.y === b.y ? 0 : 1);
      }),
      { numRuns, ...seed },
    );
  });

  test('what cannot be compared says why, and nothing is touched', async () => {
    for (const target of [await duckdb.fresh(), await postgres.fresh()]) {
      expect(await target.misfit(orders)).toContain('is not there');
      await target.open(orders);
      await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'new', '1'])]));
      const wider = { ...orders, columns: [...orders.columns, column('more', 'text')] };
      expect(await target.misfit(wider)).toContain('does not have more yet');
      const retyped = orders.columns.map((each) => (each.name === 'amount' ? column('amount', 'text') : each));
      expect(await target.misfit({ ...orders, columns: retyped })).toContain('other types: amount');
      expect(await target.misfit({ ...orders, stamp: 'v2' })).toContain('other transforms');
      await target.open(wider);
      expect(await target.misfit(wider)).toContain('not filled yet: more');
    }
  });
});
