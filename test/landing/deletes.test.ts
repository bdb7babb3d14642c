import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { checkPartner } from '../../definitions/check.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { plainNames } from '../../messages/names.ts';
import type { StreamReport, Warehouse } from '../../landing/warehouse.ts';
import { eventsOfKey } from '../../store/log/events-of-key.ts';
import { lifeOf } from '../../core/life.ts';
import { whatHappened } from '../../core/life-words.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { aStream, order, rowsOf, runAll, runOf, type Run } from './run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const schema = {
  type: 'object',
  required: ['id', 'v', 'text'],
  properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: 'string' } },
};
const deletes = { field: 'deleted_at' };
let days = 0;
/** A whole run of a day of its own. */
async function read(stream: CompiledStream, ...pages: readonly (readonly unknown[])[]): Promise<StreamReport> {
  const run = await runOf(warehouse, stream, {
    window: new Date(Date.UTC(2026, 2, (days += 1))).toISOString().slice(0, 10),
  });
  for (const records of pages) await run.commit(run.page(records));
  return run.finish();
}
const gone = (id: string, v?: number): unknown => ({ id, v, deleted_at: '2026-01-01T00:00:00Z' });

describe('a record that says that it is gone', () => {
  test('makes a row that says by which transforms, so that its table is not made anew each time', async () => {
    const soft = { ...deletes, as: 'soft' } as const;
    const stream = aStream({ schema, deletes: soft, transforms: { text: { mask: true } } });
    await read(stream, [gone('x', 5), gone('y', 5)]);
    expect((await rowsOf(pool, stream)).map((row) => row['_transform'])).toEqual(
      Array.from({ length: 2 }, () => stream.transform?.stamp),
    );
    expect(await read(stream, [order('x', 1)])).toMatchObject({ outcome: 'ok', reason: null });
    const changed = aStream({ schema, deletes: soft, transforms: { text: { drop: true } } }, stream.partner.name);
    expect((await read(changed, [])).reason).toContain('have changed: made again from');
    expect((await read(changed, [])).reason).not.toContain('have changed');
    expect((await rowsOf(pool, changed)).map(({ id, _deleted_at }) => [id, _deleted_at === null])).toEqual([
      ['y', false],
      ['x', false],
    ]);
  });

  test('needs only its key; it counts, and what is late does not bring its row back', async () => {
    const stream = aStream({ schema, deletes });
    const reports = await runAll(warehouse, stream, [
      [order('a', 1), order('b', 1), order('c', 1)],
      [gone('a', 3), gone('b'), gone('x', 5)],
      [order('a', 2), order('x', 4), order('b', 1, 'tie'), gone('a', 3)],
      [order('a', 4), { ...(order('c', 2) as object), deleted_at: null }],
    ]);
    expect(
      reports.map(({ outcome, counts: { fetched, inserted, updated, unchanged, stale, deleted } }) => [
        outcome,
        fetched,
        inserted,
        updated,
        unchanged,
        stale,
        deleted,
      ]),
    ).toEqual([
      ['ok', 3, 3, 0, 0, 0, 0],
      ['ok', 3, 0, 0, 0, 0, 3],
      ['ok', 4, 0, 0, 1, 3, 0],
      ['ok', 2, 1, 1, 0, 0, 0],
    ]);
    expect((await rowsOf(pool, stream)).map(({ id, v, _deleted_at }) => [id, v, _deleted_at])).toEqual([
      ['a', 4, null],
      ['c', 2, null],
    ]);
    const { rows } = await pool.query(
      'select key, t.version, t.swept from tombstones t join streams using (stream_id) where partner = $1 order by key',
      [stream.partner.name],
    );
    // The one that names no version has that of the record it found.
    expect(rows).toEqual([
      { key: 'b', version: '00000000000000000001', swept: false },
      { key: 'x', version: '00000000000000000005', swept: false },
    ]);
  });

  test('goes to quarantine without its key, and with a version that is no version', async () => {
    const stream = aStream({ schema, deletes, errorBudget: { count: 9, share: 1 } });
    const [, report] = await runAll(warehouse, stream, [[order('a', 1)], [{ deleted_at: 1 }, gone('a', 2)]]);
    expect(report).toMatchObject({ outcome: 'partial', counts: { fetched: 2, deleted: 1, quarantined: 1 } });
    const { rows } = await pool.query(
      'select path, reason from quarantine join streams using (stream_id) where partner = $1',
      [stream.partner.name],
    );
    expect(rows).toEqual([{ path: 'id', reason: 'expected a value for the primary key of what is gone, found none' }]);
  });

  test('leaves its row, where deletes are soft: with its values, and since when it is gone', async () => {
    const stream = aStream({ schema, deletes: { ...deletes, as: 'soft' } });
    await runAll(warehouse, stream, [
      [order('a', 1), order('b', 1)],
      [gone('a', 3), gone('b', 2), gone('x', 5)],
      [order('a', 2), order('b', 3)],
    ]);
    const at = '2026-11-25T00:00:00+00:00';
    const rows = await rowsOf(pool, stream);
    expect(new Map(rows.map(({ id, text, _deleted_at }) => [id, [text, _deleted_at]]))).toEqual(
      new Map([
        ['a', ['a 2', at]],
        ['b', ['b 3', null]],
        ['x', [null, at]],
      ]),
    );
  });

  test('is done once, however often its page is committed', async () => {
    const stream = aStream({ schema, deletes });
    await runAll(warehouse, stream, [[order('a', 1)]]);
    const run = await runOf(warehouse, stream);
    const page = run.page([gone('a', 2)]);
    expect(await run.commit(page)).toMatchObject({ fetched: 1, deleted: 1 });
    expect(await run.commit(page)).toMatchObject({ fetched: 0, deleted: 0 });
    expect(await rowsOf(pool, stream)).toEqual([]);
  });

  test('is told in the life of its key', async () => {
    const stream = aStream({ schema, deletes });
    await runAll(warehouse, stream, [
      [order('a', 1)],
      [gone('a', 5)],
      [order('a', 4), gone('a', 6)],
      [order('a', 7)],
      [gone('a', 3)],
    ]);
    const { rows } = await pool.query<{ stream_id: number }>('select stream_id from streams where partner = $1', [
      stream.partner.name,
    ]);
    const { events } = await eventsOfKey(pool, {
      streamId: rows[0]?.stream_id ?? 0,
      key: 'a',
      lastEvent: 99,
      limit: 50,
      most: 99,
      known: [],
    });
    expect(lifeOf({ events, whole: true, disposition: 'merge' }).map((event) => whatHappened(event))).toEqual([
      'came first',
      'gone: the partner says that it was deleted',
      'older than what was known: kept, changed nothing',
      'deleted once more, in a newer version: it was gone already',
      'came again, with another v, text',
      'a delete that is older than what was known: kept, changed nothing',
    ]);
  });
});

describe('what says that a record is gone', () => {
  const rest = { schema: { ...schema, required: ['id'] }, version: [] };
  test.each([
    [
      'a field in which something stands',
      { field: 'op' },
      [
        ['2026-01-01', 1, true],
        [null, false, 0, '', 'false', '0', '0000-00-00 00:00:00', undefined],
      ],
    ],
    ['a value', { field: 'op', equals: 'delete' }, [['delete'], ['deleted', 'insert', null]]],
    [
      'a number that came as a text',
      { field: 'op', equals: 3 },
      [
        [3, '3'],
        [1, '', null],
      ],
    ],
    [
      'one of some values',
      { field: 'meta.op', in: ['D', 'X'] },
      [
        ['D', 'X'],
        ['d', 'U', null],
      ],
    ],
  ] as const)('%s', async (_what, of, [deleted, kept]) => {
    const stream = aStream({ ...rest, deletes: of as StreamInput['deletes'] });
    const record = (op: unknown, i: number): unknown => ({
      id: `k${i}`,
      ...(of.field === 'op' ? { op } : { meta: { op } }),
    });
    const [report] = await runAll(warehouse, stream, [[...deleted, ...kept].map(record)]);
    expect(report?.counts).toMatchObject({ deleted: deleted.length, inserted: kept.length });
  });
});

const batches = async ({ partner: { name } }: CompiledStream): Promise<unknown[]> =>
  (
    await pool.query(
      `select s.name, p.kind, p.fetched, p.inserted, p.stale, p.deleted from pages p join streams s using (stream_id)
        where s.partner = $1 and fetched > 0 order by s.name desc, page_id`,
      [name],
    )
  ).rows.map((row) => Object.values(row as object).join(' '));

describe('a stream that lists what is gone', () => {
  const idsSchema = {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, v: { type: 'integer' } },
  };
  let partners = 0;
  function both(
    ids: Partial<StreamInput> = {},
    as: 'hard' | 'soft' = 'hard',
  ): { orders: CompiledStream; lost: CompiledStream } {
    const orders = { path: '/orders', primaryKey: ['id'], version: ['v'], schema, deletes: { as } };
    const lost = {
      path: '/lost',
      primaryKey: ['id'],
      version: ['v'],
      schema: idsSchema,
      deletes: { of: 'orders' },
      ...ids,
    };
    const name = `lost${(partners += 1)}`;
    const defined = partner.parse({ name, baseUrl: 'https://api.acme.example', streams: { orders, lost } });
    const streams = compilePartner(defined, plainNames);
    return { orders: streams.get('orders') as CompiledStream, lost: streams.get('lost') as CompiledStream };
  }
  test('deletes in the log of the other, in the same transaction and once', async () => {
    const { orders, lost } = both();
    await read(orders, [order('a', 1), order('b', 3), order('c', 1)]);
    const run = await runOf(warehouse, lost);
    const page = run.page([
      { id: 'a', v: 2 },
      { id: 'b', v: 2 },
      { id: 'x', v: 9 },
    ]);
    expect(await run.commit(page)).toMatchObject({ fetched: 3, inserted: 3 });
    await run.commit(page);
    expect((await run.finish()).outcome).toBe('ok');
    // What was listed before says nothing new.
    await read(lost, [
      { id: 'a', v: 2 },
      { id: 'c', v: 1 },
    ]);
    expect((await rowsOf(pool, orders)).map(({ id }) => id)).toEqual(['b']);
    expect(await batches(orders)).toEqual([
      'orders page 3 3 0 0',
      'orders deletes 3 0 1 2',
      'orders deletes 1 0 0 1',
      'lost page 3 3 0 0',
      'lost page 2 1 0 0',
    ]);
    expect(await read(orders, [order('x', 9), order('a', 3)])).toMatchObject({ counts: { inserted: 1, stale: 1 } });
    expect((await rowsOf(pool, orders)).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('may come first, and leaves rows where deletes are soft', async () => {
    const { orders, lost } = both({ version: [] }, 'soft');
    await read(lost, [{ id: 'a' }]);
    await read(orders, [order('b', 1)]);
    await read(lost, [{ id: 'b' }]);
    const rows = await rowsOf(pool, orders);
    expect(rows.map(({ id, text, _deleted_at }) => [id, text, _deleted_at !== null])).toEqual([
      ['a', null, true],
      ['b', 'b 1', true],
    ]);
    await pool.query(`drop table ${orders.partner.name}.orders`);
    await read(orders, []);
    expect(await rowsOf(pool, orders)).toEqual(rows);
  });

  test('and the other are written at once by two workers, and neither waits for ever', async () => {
    const { orders, lost } = both();
    const [here, there] = [await runOf(warehouse, orders), await runOf(warehouse, lost)];
    const ids = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const commits = async (run: Run, recordOf: (id: string) => unknown): Promise<void> => {
      for (const id of ids) await run.commit(run.page([recordOf(id)]));
    };
    await Promise.all([commits(here, (id) => order(id, 1)), commits(there, (id) => ({ id, v: 1 }))]);
    expect(await rowsOf(pool, orders)).toEqual([]);
  });

  test.each([
    [{ deletes: { of: 'order' } }, 'streams.lost.deletes.of: there is no other stream "order"; did you mean "orders"?'],
    [
      { primaryKey: ['v'] },
      'streams.lost.primaryKey: expected fields of the types of the key of "orders" (text), in its order, found integer',
    ],
    [
      { version: ['id'] },
      'streams.lost.version: expected none, or fields of the types of the version of "orders" (integer), found text',
    ],
    [{ disposition: 'append' as const }, 'an `append` keeps every record'],
  ])('is refused with what cannot be: %j', (change, says) => {
    const orders = { path: '/orders', primaryKey: ['id'], version: ['v'], schema, deletes: {} };
    const lost = {
      path: '/lost',
      primaryKey: ['id'],
      version: ['v'],
      schema: idsSchema,
      deletes: { of: 'orders' },
      ...change,
    };
    const defined = partner.parse({ name: 'acme', baseUrl: 'https://api.acme.example', streams: { orders, lost } });
    expect(checkPartner(defined).map(({ path, says: said }) => `${path.join('.')}: ${said}`)).toEqual([
      expect.stringContaining(says),
    ]);
  });
});
