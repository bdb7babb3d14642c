import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { eventsOfKey } from '../../store/log/events-of-key.ts';
import { lifeOf } from '../../core/life.ts';
import { whatHappened } from '../../core/life-words.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { aStream, order, rowsOf, runAll, runOf } from './run-of.ts';

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
const gone = (id: string, v?: number): unknown => ({ id, v, deleted_at: '2026-01-01T00:00:00Z' });

describe('a record that says that it is gone', () => {
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
