import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { InvalidInput, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { transaction } from '../../store/session/transaction.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { rebuildTable, rollBackTable, type RebuildInput, type RebuildReport } from '../../landing/rebuild-table.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { aStream, idAndText, ledgerOf, order, rowsOf, runAll, runOf } from './run-of.ts';

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

const rebuild = (stream: CompiledStream, change: Partial<RebuildInput> = {}): Promise<RebuildReport> =>
  rebuildTable(pool, { stream, dryRun: false, acceptUnfit: false, progress: () => {}, ...change });
const compare = (stream: CompiledStream): Promise<RebuildReport> => rebuild(stream, { dryRun: true });
const none = { changed: 0, gone: 0, came: 0, examples: [] };
const sql = (stream: CompiledStream, text: string): Promise<unknown> =>
  pool.query(text.replaceAll('orders', `${stream.partner.name}.orders`));
const tablesOf = async (stream: CompiledStream): Promise<string[]> => {
  const { rows } = await pool.query<{ name: string }>(
    `select regexp_replace(tablename, '[0-9]+', 'N') as name from pg_tables where schemaname = $1 order by 1`,
    [stream.partner.name],
  );
  return rows.map(({ name }) => name);
};
const generous = { errorBudget: { count: 100, share: 1 } };
const bad = (id: string): unknown => ({ id, v: 1, text: 7 });
const withField = (field: Record<string, unknown>): Partial<StreamInput> => ({
  schema: { ...ordersSchema, properties: { ...ordersSchema.properties, ...field } },
});

/** Days of new, changed, older, equal and colliding records, texts that COPY minds, unknown fields; some that are gone later. */
const days = [0, 1, 2, 3].map((day) =>
  Array.from({ length: 40 }, (_, n) =>
    n % 9 === 4
      ? { id: `k${(n % 7) + day}`, v: n % 5, text: 'a\\b\tc\n"d" é', more: { day } }
      : order(`k${((n * 3) % 11) + day}`, (n * (day + 1)) % 6, `t${(n + day) % 4}`),
  ),
);

const dispositions = [
  ['merge', {}],
  ['merge without a version', { version: [] }],
  [
    'merge with a key of two fields',
    { primaryKey: ['id', 'v'], version: [], schema: { ...ordersSchema, required: ['id', 'v'] } },
  ],
  ['append', { disposition: 'append' }],
  ['append without a key', { disposition: 'append', primaryKey: [], version: [] }],
  ['replace', { disposition: 'replace' }],
  ['replace without a version', { disposition: 'replace', version: [] }],
  ['replace without a key', { disposition: 'replace', primaryKey: [], version: [] }],
] satisfies [string, Partial<StreamInput>][];

describe('a table that is rebuilt', () => {
  test.each(dispositions)('is as it was, value by value: %s', async (_what, definition) => {
    const stream = aStream({ ...generous, ...definition });
    for (const [day, records] of days.entries()) {
      const run = await runOf(warehouse, stream, { window: `2026-01-0${day + 1}` });
      await run.commit(run.page(records.slice(0, 17)), run.page([...records.slice(17), bad('q')]));
      await run.finish();
      // A run whose end is in doubt, and one that nobody ended.
      const doubt = await runOf(warehouse, stream, { window: `2026-02-0${day + 1}`, total: 999 });
      await doubt.commit(doubt.page([order(`k${day}`, 1, 'in doubt'), order(`x${day}`, 1)]));
      expect((await doubt.finish()).outcome).toBe('suspect');
      const open = await runOf(warehouse, stream, { window: `2026-03-0${day + 1}` });
      await open.commit(open.page([order(`y${day}`, 2), order('k3', 9, 'open')]));
    }
    const before = await rowsOf(pool, stream);
    expect(before.length).toBeGreaterThan(9);
    expect(await compare(stream)).toMatchObject({ differences: none, unfit: { events: 0, rows: 0 }, applied: false });
    expect(await rebuild(stream)).toMatchObject({ differences: none, applied: false });
    expect(await rowsOf(pool, stream)).toEqual(before);
    // Not by itself: from an empty table all of it comes again.
    await sql(stream, 'delete from orders');
    expect((await rebuild(stream)).differences).toMatchObject({ changed: 0, gone: 0, came: before.length });
    expect(await rowsOf(pool, stream)).toEqual(before);
  });

  test('has what the quarantine gave back, in the order in which it was received', async () => {
    const stream = aStream({ ...generous, version: [] });
    await runAll(warehouse, stream, [
      [order('a', 1, 'old'), bad('b'), bad('c'), order('d', 1)],
      [bad('a'), order('b', 1, 'newer than what is held'), order('d', 1)],
    ]);
    const wide = aStream({ ...generous, version: [], ...withField({ text: {} }) }, stream.partner.name);
    const table = `${stream.partner.name}.orders`;
    await pool.query(`alter table ${table} alter column text type jsonb using to_jsonb(text)`);
    const held = await readQuarantine(pool, { partner: stream.partner.name, stream: 'orders', limit: 99 });
    const replayed = await replayQuarantine(warehouse, { stream: wide, held, nowMs: 0 });
    expect(replayed.fitted).toHaveLength(3);
    expect((await ledgerOf(pool, wide))['events']).toMatchObject([
      ...[1, 2, 3].map(() => ({ operation: 'u', received_page: null })),
      { operation: 's', key: 'b' },
      { operation: 'u', key: 'c' },
      { operation: 'u', key: 'a' },
    ]);
    expect(
      (
        await pool.query(`select kind from batches where partner = $1 order by batch desc limit 1`, [
          stream.partner.name,
        ])
      ).rows,
    ).toEqual([{ kind: 'replay' }]);
    const before = await rowsOf(pool, wide);
    expect(await compare(wide)).toMatchObject({ differences: none });
    await sql(wide, 'truncate orders');
    await rebuild(wide);
    expect(await rowsOf(pool, wide)).toEqual(before);
  });

  test('has the values of the parents that its records were asked for with, also where the quarantine gave them back', async () => {
    const definition = {
      ...generous,
      parent: { stream: 'orders', field: 'id', as: 'x', in: 'query', include: 'of' },
      primaryKey: ['of', 'id'],
    } satisfies Partial<StreamInput>;
    const stream = defineStream({ ...definition, ...withField({ of: { type: 'string' } }) }, { name: 'nested' });
    const run = await runOf(warehouse, stream);
    const page = (parent: string, record: object): ReturnType<typeof run.page> =>
      run.page([{ ...record, of: parent }], { parents: [parent] }, { ordinal: 0, payload: JSON.stringify(record) });
    const good = [page('p1', order('a', 1) as object), page('p2', order('a', 2) as object)];
    const rejected = run.page([{ ...(bad('z') as object), of: 'p3' }], { parents: ['p3'] });
    const payload = JSON.stringify(bad('z'));
    await run.commit(...good, { ...rejected, rejected: rejected.rejected.map((each) => ({ ...each, payload })) });
    await run.finish();
    const wide = defineStream(
      { ...definition, ...withField({ of: { type: 'string' }, text: {} }) },
      { name: 'nested' },
    );
    await pool.query('alter table nested.orders alter column text type jsonb using to_jsonb(text)');
    const held = await readQuarantine(pool, { partner: 'nested', stream: 'orders', limit: 9 });
    expect((await replayQuarantine(warehouse, { stream: wide, held, nowMs: 0 })).fitted).toHaveLength(1);
    const before = await rowsOf(pool, wide);
    expect(before).toMatchObject([{ of: 'p1' }, { of: 'p2' }, { of: 'p3', id: 'z' }]);
    expect(await compare(wide)).toMatchObject({ differences: none });
    await sql(wide, 'truncate orders');
    await rebuild(wide);
    expect(await rowsOf(pool, wide)).toEqual(before);
  });

  test.each(dispositions)('is right although a sync goes on all the while: %s', async (_what, definition) => {
    const stream = aStream({ ...generous, ...definition, fullListing: false });
    await runAll(warehouse, stream, days.slice(0, 2));
    const sync = { ends: false };
    const syncing = (async (): Promise<void> => {
      for (let n = 0; !sync.ends || n < 3; n++) {
        const run = await runOf(warehouse, stream, { window: dayAfter(n) });
        for (let page = 0; page < 3; page++)
          await run.commit(run.page((days[(n + page) % 4] as unknown[]).slice(page * 10, page * 10 + 20)));
        await run.finish();
      }
    })();
    try {
      for (let n = 0; n < 3; n++) {
        // Between the transactions of the sync.
        if (n > 0)
          await transaction(pool, async (client) => {
            const { name } = stream.partner;
            await client.query('select from streams where partner = $1 for update', [name]);
            await client.query(
              `delete from ${name}.orders where id in (select id from ${name}.orders order by id limit 3)`,
            );
          });
        await rebuild(stream);
        expect(await compare(stream)).toMatchObject({ differences: none });
      }
    } finally {
      sync.ends = true;
      await syncing;
    }
    expect(await compare(stream)).toMatchObject({ differences: none });
    expect(await tablesOf(stream)).not.toContain('_build_N');
  });

  test('leaves what a replace has gathered so far, and is right before and after its end', async () => {
    const stream = aStream({ disposition: 'replace', fullListing: false });
    await runAll(warehouse, stream, [[order('a', 1), order('b', 1), order('c', 1)]]);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a', 2), order('b', 1)]));
    expect(await rebuild(stream)).toMatchObject({ differences: none });
    await run.commit(run.page([order('d', 1)]));
    // The listing ends between the reading of the log and its last events.
    const seen: number[] = [];
    const report = await rebuild(stream, {
      progress: ({ events }) => {
        seen.push(events);
      },
    });
    expect(report).toMatchObject({ differences: none });
    expect(seen.length).toBeGreaterThan(0);
    await run.finish();
    expect(await compare(stream)).toMatchObject({ differences: none });
    expect((await rowsOf(pool, stream)).map(({ text }) => text)).toEqual(['b 1', 'a 2', 'd 1']);
  });

  test('decides by the version that the definition has now', async () => {
    const stream = aStream({ version: [] });
    await runAll(warehouse, stream, [[order('a', 2)], [order('a', 1)]]);
    expect(await idAndText(pool, stream)).toEqual([['a', 'a 1']]);
    const versioned = aStream({ version: ['v'] }, stream.partner.name);
    expect((await rebuild(versioned)).differences).toMatchObject({ changed: 1, gone: 0, came: 0 });
    expect(await idAndText(pool, versioned)).toEqual([['a', 'a 2']]);
  });
});

const dayAfter = (n: number): string => new Date(Date.UTC(2026, 4, 1 + n)).toISOString().slice(0, 10);

describe('a table that somebody changed', () => {
  test.each([
    ['a value', "update orders set text = 'mine' where id = 'a'", { changed: 1, gone: 0, came: 0 }],
    ['an unknown field', `update orders set _extra = '{"x":1}' where id = 'a'`, { changed: 1, gone: 0, came: 0 }],
    ['a version', `update orders set _version = 'x' where id = 'a'`, { changed: 1, gone: 0, came: 0 }],
    ['a row that was marked as deleted', `update orders set _deleted_at = now()`, { changed: 3, gone: 0, came: 0 }],
    ['a row that was deleted', "delete from orders where id = 'b'", { changed: 0, gone: 0, came: 1 }],
    ['a key', "update orders set id = 'z' where id = 'b'", { changed: 0, gone: 1, came: 1 }],
    [
      'a row that was added',
      `insert into orders (id, _event, _page, _run, _hash) values ('mine', 99, 1, 1, gen_random_uuid())`,
      { changed: 0, gone: 1, came: 0 },
    ],
  ])('is found and corrected: %s', async (_what, change, differences) => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 1), order('b', 1), order('c', 1)]]);
    const before = await rowsOf(pool, stream);
    await sql(stream, change);
    const edited = await rowsOf(pool, stream);
    const found = await compare(stream);
    expect(found).toMatchObject({ differences, applied: false });
    expect(await rowsOf(pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['orders']);
    expect(await rebuild(stream)).toMatchObject({ differences, applied: true });
    expect(await rowsOf(pool, stream)).toEqual(before);
    expect(await tablesOf(stream)).toEqual(['_before_N', 'orders']);
    expect(await rollBackTable(pool, stream)).toEqual({
      restored: Object.values(differences).reduce((a, b) => a + b, 0),
      kept: 0,
    });
    expect(await rowsOf(pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['orders']);
    await expect(rollBackTable(pool, stream)).rejects.toThrow(InvalidInput);
  });

  test('keeps its views, grants, other columns and the rows that did not differ', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 1), order('b', 1)]]);
    await sql(stream, `alter table orders add column note text default 'mine'`);
    await sql(stream, 'create view orders_texts as select text from orders');
    const place = async (): Promise<unknown> =>
      (await pool.query(`select ctid, xmin, note from ${stream.partner.name}.orders where id = 'a'`)).rows;
    const before = await place();
    await sql(stream, `update orders set text = 'x' where id = 'b'`);
    await rebuild(stream);
    expect(await place()).toEqual(before);
    expect((await pool.query(`select text from ${stream.partner.name}.orders_texts order by 1`)).rows).toEqual([
      { text: 'a 1' },
      { text: 'b 1' },
    ]);
    expect((await rowsOf(pool, stream)).map(({ note }) => note)).toEqual(['mine', 'mine']);
  });

  test('gets back what it was, but for rows that something newer has come of', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [['a', 'b', 'c', 'd', 'e'].map((id) => order(id, 1))]);
    await sql(stream, `update orders set text = 'mine' where id in ('a', 'b')`);
    await sql(stream, `delete from orders where id in ('c', 'd')`);
    await sql(stream, `update orders set id = id || '!' where id = 'e'`);
    await rebuild(stream);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a', 2), order('c', 2), order('e!', 1)]));
    await run.finish();
    expect(await rollBackTable(pool, stream)).toEqual({ restored: 3, kept: 3 });
    expect(new Map((await idAndText(pool, stream)) as [string, string][])).toEqual(
      new Map([
        ['a', 'a 2'],
        ['b', 'mine'],
        ['c', 'c 2'],
        ['e!', 'e! 1'],
      ]),
    );
  });
});

describe('events that fit the schema no longer', () => {
  const records = [
    order('a', 1),
    { id: 'b', v: 1, text: 'b 1' },
    { id: 'b', v: 2, text: null },
    { id: 'c', v: 1, text: null },
  ];

  test('are named, and no row goes for them unless that is accepted', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [records]);
    const before = await rowsOf(pool, stream);
    const narrow = aStream(withField({ text: { type: 'string' } }), stream.partner.name);
    const refused = rebuild(narrow);
    await expect(refused).rejects.toThrow(NeedsAttention);
    await expect(refused).rejects.toThrow(
      /2 events of the log fit .* 2 rows of acme\d+\.orders .*event 3: text: .*--accept-unfit/,
    );
    expect(await rowsOf(pool, narrow)).toEqual(before);
    expect(await tablesOf(stream)).toEqual(['orders']);

    expect(await rebuild(narrow, { acceptUnfit: true })).toMatchObject({
      differences: { changed: 1, gone: 1, came: 0 },
      unfit: { events: 2, rows: 2 },
      applied: true,
    });
    expect(await idAndText(pool, narrow)).toEqual([
      ['a', 'a 1'],
      ['b', 'b 1'],
    ]);
    expect((await ledgerOf(pool, narrow))['quarantine']).toMatchObject([
      { key: 'b', path: 'text', status: 'held' },
      { key: 'c', path: 'text', status: 'held' },
    ]);
    expect(await rebuild(narrow)).toMatchObject({ differences: none, unfit: { events: 2, rows: 0 } });
  });

  test('do not stop a rebuild when no row stands for them', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[{ id: 'a', v: 1, text: null }, order('a', 2)]]);
    const narrow = aStream({ onMismatch: 'freeze', ...withField({ text: { type: 'string' } }) }, stream.partner.name);
    expect(await rebuild(narrow)).toMatchObject({
      differences: none,
      unfit: { events: 1, rows: 0, first: [{ event: 1, path: 'text' }] },
    });
  });
});

describe('a rebuild', () => {
  const holders = `from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`;
  /** Ends its connection, as the end of its process does. */
  const cutOff = (): Promise<unknown> => pool.query(`select pg_terminate_backend(l.pid) ${holders}`);

  test('that is cut off leaves the table as it was, and the next one begins again', async () => {
    const stream = aStream();
    for (const day of [1, 2, 3]) {
      const run = await runOf(warehouse, stream, { window: `2026-01-0${day}` });
      await run.commit(run.page(Array.from({ length: 900 }, (_, n) => order(`k${n}`, (n * day) % 7, `${day}`))));
      await run.finish();
    }
    await sql(stream, `update orders set text = 'mine'`);
    const edited = await rowsOf(pool, stream);
    let cut: Promise<unknown> | undefined;
    await expect(
      rebuild(stream, {
        progress: () => {
          cut ??= cutOff();
        },
      }),
    ).rejects.toThrow(/terminat|connection/i);
    await cut;
    expect(await rowsOf(pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['_build_N', 'orders']);
    expect(await rebuild(stream)).toMatchObject({ differences: { changed: 900 }, applied: true });
    expect(await tablesOf(stream)).toEqual(['_before_N', 'orders']);
  });

  test('that is cut off while it corrects the table has corrected none of it', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 1), order('b', 1)]]);
    await sql(stream, `update orders set text = 'mine'`);
    const edited = await rowsOf(pool, stream);
    const reader = await pool.connect();
    await reader.query('begin');
    await reader.query(`select from ${stream.partner.name}.orders where id = 'b' for update`);
    const cut = rebuild(stream).catch((error: unknown) => error);
    await eventually(async () => {
      const { rows } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'update %differ_%'`,
      );
      return rows.length > 0;
    });
    await cutOff();
    expect(await cut).toBeInstanceOf(Error);
    await reader.query('rollback');
    reader.release();
    expect(await rowsOf(pool, stream)).toEqual(edited);
    expect(await rebuild(stream)).toMatchObject({ differences: { changed: 2 }, applied: true });
    expect((await idAndText(pool, stream)).map(([, text]) => text)).toEqual(['a 1', 'b 1']);
  });

  test('comes one at a time for each stream', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 1)]]);
    const writer = await pool.connect();
    await writer.query('begin');
    await writer.query('select from streams where partner = $1 for update', [stream.partner.name]);
    const first = rebuild(stream);
    await eventually(async () => (await pool.query(`select ${holders}`)).rows.length > 0);
    const second = compare(stream);
    await expect(second).rejects.toThrow(RetryLater);
    await expect(second).rejects.toThrow(/another rebuild of \S+ is under way/);
    await writer.query('rollback');
    writer.release();
    expect(await first).toMatchObject({ differences: none });
  });

  test('says what is missing: a stream that was never read, a table that is gone, a log that does not say what a replace has', async () => {
    const stream = aStream({ disposition: 'replace', fullListing: false });
    await expect(compare(stream)).rejects.toThrow(InvalidInput);
    await expect(compare(stream)).rejects.toThrow(/was never read/);
    await runAll(warehouse, stream, [[order('a', 1)]]);
    await pool.query('update streams set swept = null, swept_rows = null where partner = $1', [stream.partner.name]);
    await expect(rebuild(stream)).rejects.toThrow(/the log does not say yet which rows \S+ has.*syncline sync/);
    await sql(stream, 'drop table orders');
    await expect(compare(stream)).rejects.toThrow(/orders is gone: the next run makes it again/);
  });

  test('makes a table that somebody dropped', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 1), order('b', 1)]]);
    const before = await rowsOf(pool, stream);
    await sql(stream, 'drop table orders');
    expect(await rebuild(stream)).toMatchObject({ differences: none });
    expect(await rowsOf(pool, stream)).toEqual(before);
  });
});
