import { beforeAll, describe, expect, test } from '@jest/globals';
import { noFailpoint } from '../../../core/failpoint.ts';
import { postgresWarehouse } from '../../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../../landing/warehouse.ts';
import { usePool } from '../../support/use-pool.ts';
import { aStream, idAndText, ledgerOf, order, payloadsOf, rowsOf, runOf } from '../../landing/run-of.ts';

const db = usePool();
let warehouse: Warehouse;
beforeAll(() => {
  warehouse = postgresWarehouse(db.pool, { failpoint: noFailpoint });
});

describe('what PostgreSQL refuses', () => {
  test.each([
    ['a column', { columns: ['b', 's3cret', 'x', null] }, 'v'],
    ['unknown fields', { columns: ['b', '1', 'x', '{"s3cret'] }, '_extra'],
    ['a payload', { payload: '{"s3cret":' }, 'payload'],
    ['a payload nested too deeply', { payload: `${'['.repeat(100_000)}1${']'.repeat(100_000)}` }, 'payload'],
  ])('goes to quarantine, and the rest lands: %s', async (_what, change, path) => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('c', 1)]));
    const orders = [order('a', 1), order('b', 1), order('c', 2), order('d', 1)];
    const page = run.page(orders, {}, { ordinal: 1, ...change });
    expect(await run.commit(page, run.page([order('e', 1)]))).toMatchObject({
      fetched: 5,
      inserted: 3,
      updated: 1,
      quarantined: 1,
    });
    expect((await idAndText(db.pool, stream)).map(([id]) => String(id)).toSorted()).toEqual(['a', 'c', 'd', 'e']);
    const { quarantine, events } = await ledgerOf(db.pool, stream);
    expect(quarantine).toMatchObject([{ page: 2, ordinal: 1, key: 'b', path }]);
    expect((quarantine![0] as { reason: string }).reason).toMatch(/^the warehouse refused it \(SQLSTATE \w{5}\)$/);
    expect(events!.map((event) => (event as { event: number }).event)).toEqual([1, 2, 3, 4, 5]);
  });

  test('goes to quarantine too when it would have changed a row', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a', 1), order('b', 1)]));
    const spoil = { ordinal: 0, columns: ['a', 'two', 'x', null] };
    const page = run.page([order('a', 2), order('b', 2)], {}, spoil);
    expect(await run.commit(page)).toMatchObject({ updated: 1, quarantined: 1 });
    expect(await idAndText(db.pool, stream)).toEqual([
      ['a', 'a 1'],
      ['b', 'b 2'],
    ]);
  });

  test('is kept with its path though the path itself cannot be stored', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    expect(await run.commit(run.page(['{"id":"a","x\\u0000\\ud800":["\\u0000"]}', order('b', 1)]))).toMatchObject({
      inserted: 1,
      quarantined: 1,
    });
    expect((await ledgerOf(db.pool, stream))['quarantine']).toMatchObject([
      { key: 'a', path: 'x\ufffd\ufffd', payload: '{"id":"a","x\\u0000\\ud800":["\\u0000"]}' },
    ]);
  });

  test('keeps no payload in quarantine when the stream withholds it', async () => {
    const stream = aStream({ quarantinePayload: 'withhold' });
    const run = await runOf(warehouse, stream);
    await run.commit(run.page(['{"id":7,"text":"s3cret"}']));
    expect(JSON.stringify(await ledgerOf(db.pool, stream))).not.toContain('s3cret');
  });
});

describe('what survives exactly', () => {
  const texts = [
    'back\\slash',
    '\\N',
    '\\.',
    '\\\\',
    'tab\there',
    'line\nfeed',
    'cr\r\nlf',
    'quo"te',
    "apos'trophe",
    'com,ma',
    '{a,b}',
    'NULL',
    'null',
    '',
    ' ',
    'ä ß 漢字 𝒳 👩‍👩‍👧',
    '\u0001\u0008\u001f\u007f',
    '\u2028',
    'e\u0301',
    'é',
  ];

  test('texts of every kind, in keys, columns, unknown fields and payloads', async () => {
    const stream = aStream();
    const payloads = texts.map((text, i) =>
      ` { "id" : ${JSON.stringify(text)},"v":${i}, "text":${JSON.stringify(text)}, "more":[${JSON.stringify(text)}]\t}`.trim(),
    );
    const run = await runOf(warehouse, stream);
    await run.commit(run.page(payloads));
    expect(await payloadsOf(db.pool, stream)).toEqual(payloads);
    const rows = await rowsOf(db.pool, stream);
    expect(rows.map(({ id, text, _extra }) => [id, text, _extra])).toEqual(
      texts.map((text) => [text, text, { more: [text] }]),
    );
    // Found again by their keys.
    expect(
      await run.commit(run.page(payloads.map((payload, i) => payload.replace(`"v":${i}`, `"v":${i + 100}`)))),
    ).toMatchObject({ updated: texts.length });
    expect(
      await run.commit(run.page(payloads.map((payload, i) => payload.replace(`"v":${i}`, `"v": ${i + 100}`)))),
    ).toMatchObject({ unchanged: texts.length });
  });

  test('composite keys, whatever is in their parts', async () => {
    const stream = aStream({
      primaryKey: ['tenant', 'id'],
      version: [],
      schema: {
        type: 'object',
        required: ['tenant', 'id'],
        properties: { tenant: { type: 'string' }, id: { type: 'string' }, n: { type: 'integer' } },
      },
    });
    const keys = texts.flatMap((tenant, i) => [
      [tenant, texts[(i + 1) % texts.length]!],
      [`${tenant},`, 'x'],
      [tenant, ',x'],
    ]);
    const run = await runOf(warehouse, stream);
    const listing = (n: number): unknown[] => keys.map(([tenant, id]) => ({ tenant, id, n }));
    expect(await run.commit(run.page(listing(1)))).toMatchObject({ inserted: keys.length });
    expect(await run.commit(run.page(listing(1)))).toMatchObject({ unchanged: keys.length });
    expect(await run.commit(run.page(listing(2)))).toMatchObject({ updated: keys.length });
    expect((await rowsOf(db.pool, stream)).map(({ tenant, id, n }) => [tenant, id, n])).toEqual(
      keys.map((key) => [...key, 2]),
    );
  });

  test('numbers, times and JSON in their columns', async () => {
    const stream = aStream({
      version: [],
      schema: {
        type: 'object',
        required: ['id'],
        properties: {
          id: { type: 'integer' },
          price: { type: 'number' },
          at: { type: 'string', format: 'date-time' },
          day: { type: 'string', format: 'date' },
          ok: { type: 'boolean' },
          nested: { type: 'object' },
        },
      },
    });
    const run = await runOf(warehouse, stream);
    await run.commit(
      run.page([
        '{"id":9223372036854775807,"price":0.1234567890123456789012345,"at":"2026-01-01T00:00:00.123456+05:30","day":"2028-02-29","ok":true,"nested":{"b":[1,null],"a":"\\u00e4"}}',
        '{"id":-1,"price":1e30,"at":null,"unknown":{"deep":[12345678901234567890]}}'.replace('"at":null,', ''),
      ]),
    );
    const { rows } = await db.pool.query(
      `select id::text, price::text, to_char(at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') as at, day::text, ok, nested, _extra
        from ${stream.partner.name}.orders order by _event`,
    );
    expect(rows).toEqual([
      {
        id: '9223372036854775807',
        price: '0.1234567890123456789012345',
        at: '2025-12-31 18:30:00.123456',
        day: '2028-02-29',
        ok: true,
        nested: { a: 'ä', b: [1, null] },
        _extra: null,
      },
      {
        id: '-1',
        price: '1000000000000000000000000000000',
        at: null,
        day: null,
        ok: null,
        nested: null,
        _extra: { unknown: { deep: [Number('12345678901234567890')] } },
      },
    ]);
  });
});
