import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { erase, eraseAgain, type Whose } from '../../landing/erase.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { readErasures } from '../../store/erasure/erasures.ts';
import { failedDeliveries, noteDelivery } from '../../store/webhooks/deliveries.ts';
import { noteWork, type NotedWork } from '../../store/webhooks/work.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { applyPairs } from '../duplicates/apply-pairs.ts';
import { defineStream } from '../support/define-stream.ts';
import { rowsOf, runAll, runOf } from './run-of.ts';

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

let partners = 0;
const aStream = (definition: Partial<StreamInput> = {}, name = `acme${++partners}`): CompiledStream =>
  defineStream({ errorBudget: { count: 99, share: 1 }, ...definition }, { name });

/** Every row of every table of the database, as text. */
async function everything(): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${name} t`);
    found.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return found;
}
const where = async (canary: string): Promise<string[]> =>
  (await everything()).filter((row) => row.includes(canary)).map((row) => row.split(' ')[0] as string);
const eraseFor = (stream: CompiledStream, whose: Whose, dryRun = false) =>
  erase(pool, { stream, whose, dryRun, reason: 'asked for', by: 'tester' });

const order = (id: string, text: string, v: unknown = 1): unknown => ({ id, v, text });

const progress = (): void => {};

describe('what is erased', () => {
  test('is found nowhere afterwards, nor after a rebuild or when the table is made again', async () => {
    const stream = aStream();
    const ann = 'canary-ann';
    await runAll(warehouse, stream, [
      [order(ann, 'canary text'), order('bob', 'other')],
      [
        order(ann, 'canary newer', 3),
        order(ann, 'canary older', 2),
        order(ann, 'canary same', 3),
        order(ann, 'canary bad', 'x'),
      ],
    ]);
    const places = new Set(await where('canary'));
    expect(places).toEqual(
      new Set([
        'syncline.anomalies',
        'syncline.events',
        `syncline.events_${await idOf(stream)}`,
        'syncline.quarantine',
        `${stream.partner.name}.orders`,
      ]),
    );
    const dry = await eraseFor(stream, { key: ann }, true);
    expect(dry).toMatchObject({ erasure: null, keys: 1, erased: { events: 4, rows: 1, quarantined: 1 } });
    expect(new Set(await where('canary'))).toEqual(places);

    const report = await eraseFor(stream, { key: ann });
    expect(report).toMatchObject({ keys: 1, erased: dry.erased });
    expect(await where('canary')).toEqual([]);
    const left = await rowsOf(pool, stream);
    expect(left).toMatchObject([{ id: 'bob' }]);
    expect(await eraseFor(stream, { key: ann })).toMatchObject({ erasure: null, keys: 0 });

    const rebuilt = await rebuildTable(pool, { stream, dryRun: false, acceptUnfit: false, progress });
    expect(rebuilt.differences).toMatchObject({ changed: 0, gone: 0, came: 0 });
    await pool.query(`drop table ${stream.partner.name}.orders`);
    await runOf(warehouse, stream, { window: '2026-02-01' });
    expect(await rowsOf(pool, stream)).toEqual(left);
  });

  test('goes from what webhooks have left as well: hints, and bodies that name the key; those of others stay', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('canary-eve', 'x'), order('bob', 'y')]]);
    const place = { partner: stream.partner.name, webhook: 'w' };
    const hint = (key: string): NotedWork => ({ kind: 'hint', stream: stream.name, key, waitMs: 0 });
    await noteWork(pool, { ...place, work: [hint('canary-eve'), hint('bob')] });
    for (const body of ['{"id":"canary-eve"}', '{"id":"bob"}'])
      await noteDelivery(pool, {
        ...place,
        deliveryId: body.length.toString(),
        bodyHash: Buffer.from('x'),
        eventType: null,
        state: 'failed',
        reason: 'of the test',
        body: Buffer.from(body),
        records: 0,
        quarantined: 0,
      });
    await eraseFor(stream, { key: 'canary-eve' });
    const kept = await failedDeliveries(pool, { ...place, after: '0', limit: 10 });
    expect(kept.map(({ body }) => body.toString())).toEqual(['{"id":"bob"}']);
    const { rows } = await pool.query('select key from webhook_work where partner = $1', [place.partner]);
    expect(rows).toEqual([{ key: 'bob' }]);
    expect(await where('canary-eve')).toEqual([]);
  });

  test('is found by a field that a record had at any time, in records without a key as well', async () => {
    const keyed = aStream();
    await runAll(warehouse, keyed, [[order('a', 'canary mail'), order('b', 'x')], [order('a', 'changed', 2)]]);
    expect(await eraseFor(keyed, { field: 'text', value: 'canary mail' })).toMatchObject({
      keys: 1,
      erased: { rows: 1 },
    });
    expect(await rowsOf(pool, keyed)).toMatchObject([{ id: 'b' }]);
    const loose = aStream({ disposition: 'append', primaryKey: [], version: [] });
    await runAll(warehouse, loose, [[order('a', 'canary mail'), order('b', 'x'), order('c', 'canary mail', 'bad')]]);
    const report = await eraseFor(loose, { field: 'text', value: 'canary mail' });
    expect(report).toMatchObject({ keys: 0, erased: { events: 1, rows: 1, quarantined: 1 } });
    expect(await where('canary')).toEqual([]);
    expect(await rowsOf(pool, loose)).toMatchObject([{ id: 'b' }]);
  });

  test('leaves plans of duplicates and their links: rows that only it held together part', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [['a', 'b', 'c'].map((id) => order(id, id))]);
    const name = `${stream.partner.name}.orders`;
    const pairOf = (left: string, right: string) => ({
      ...{ left: { stream: name, row: left }, right: { stream: name, row: right } },
      ...{ rule: 'same', weight: 9, probability: 1, levels: {} },
    });
    await applyPairs(pool, { name: 'orders', pairs: [pairOf('a', 'b'), pairOf('b', 'c')] });
    const rowsIn = async (table: string): Promise<number> =>
      (await pool.query(`select from ${table} where stream = $1`, [name])).rowCount ?? 0;
    expect(await rowsIn('duplicate_members')).toBe(3);
    await eraseFor(stream, { key: 'b' });
    expect(await rowsIn('duplicate_members')).toBe(0);
    for (const table of ['duplicate_pairs', 'duplicate_links'])
      expect((await pool.query(`select from ${table} where left_stream = $1`, [name])).rowCount).toBe(0);
  });

  test('of a replace does not come back when its listing is told again', async () => {
    const stream = aStream({ disposition: 'replace' });
    await runAll(warehouse, stream, [
      [order('canary', 'x'), order('b', 'x')],
      [order('canary', 'y'), order('b', 'y')],
    ]);
    await eraseFor(stream, { key: 'canary' });
    expect(await where('canary')).toEqual([]);
    await pool.query(`drop table ${stream.partner.name}.orders`);
    await runOf(warehouse, stream, { window: '2026-02-01' });
    expect(await rowsOf(pool, stream)).toMatchObject([{ id: 'b', text: 'y' }]);
    const next = await runOf(warehouse, stream, { window: '2026-02-02' });
    await next.commit(next.page([order('b', 'y'), order('c', 'z')]));
    expect(await next.finish()).toMatchObject({ outcome: 'ok', counts: { unchanged: 1, inserted: 1 } });
    expect(await rowsOf(pool, stream)).toMatchObject([{ id: 'b' }, { id: 'c' }]);
  });

  test('was a parent, or stands in a cursor: the ledger forgets it, and still balances', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('canary-1', 'x')], { cursorOut: 'after canary-1', parents: ['canary-1'] }));
    await run.finish();
    expect(await where('canary')).not.toEqual([]);
    expect(await eraseFor(stream, { key: 'canary-1' })).toMatchObject({ erased: { pages: 1 } });
    expect(await where('canary')).toEqual([]);
  });

  test('is not erased while a run of its stream is under way', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 'x')]]);
    await runOf(warehouse, stream, { window: '2026-02-01' });
    await expect(eraseFor(stream, { key: 'a' })).rejects.toThrow(
      /is under way, and may hold what is to be erased: wait for its end/,
    );
  });

  test('and was brought back by a backup, is erased again by its digests, which name nobody', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('canary', 'x'), order('b', 'x')]]);
    const { erasure: id } = await eraseFor(stream, { key: 'canary' });
    const erasure = (await readErasures(pool)).find((each) => each.erasure === id)!;
    expect(JSON.stringify(erasure)).not.toContain('canary');
    expect(await eraseAgain(pool, { stream, erasure })).toMatchObject({ keys: 0 });
    // As after a restore.
    const back = await runOf(warehouse, stream, { window: '2026-03-01' });
    await back.commit(back.page([order('canary', 'x')]));
    await back.finish();
    expect(await eraseAgain(pool, { stream, erasure })).toMatchObject({ keys: 1, erased: { events: 1, rows: 1 } });
    expect(await where('canary')).toEqual([]);
  });
});

async function idOf(stream: CompiledStream): Promise<number> {
  const { rows } = await pool.query<{ stream_id: number }>(
    'select stream_id from syncline.streams where partner = $1',
    [stream.partner.name],
  );
  return rows[0]?.stream_id as number;
}
