import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { aStream, idAndText, ledgerOf, order, rowsOf, runAll, runOf } from './run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;
let fail: Failpoint = noFailpoint;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool, { failpoint: (name) => fail(name) });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('commitPages', () => {
  test('counts each fate, keeps the newest version and logs each event once', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    const first = await run.commit(run.page([order('a', 2), order('b', 1), order('b', 1), order('c', 1)]));
    expect(first).toMatchObject({ fetched: 4, inserted: 3, unchanged: 1 });
    const second = await run.commit(
      run.page([order('a', 1), order('a', 2), order('a', 3), order('b', 1, 'other'), order('d', 1), { id: 7 }]),
    );
    expect(second).toMatchObject({
      fetched: 6,
      inserted: 1,
      updated: 2,
      unchanged: 1,
      stale: 1,
      quarantined: 1,
      conflicts: 1,
    });
    expect(await idAndText(pool, stream)).toEqual([
      ['c', 'c 1'],
      ['a', 'a 3'],
      ['b', 'other'],
      ['d', 'd 1'],
    ]);
    const { events, pages, quarantine, stream_runs: runs } = await ledgerOf(pool, stream);
    expect(events!.map((event) => (event as { event: number }).event)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(pages).toHaveLength(2);
    expect(quarantine).toMatchObject([{ page: 2, ordinal: 5, key: '7', payload: '{"id":7}', status: 'held' }]);
    expect(runs).toMatchObject([
      { fetched: 10, inserted: 4, updated: 2, unchanged: 2, stale: 1, quarantined: 1, page_no: 2, requests: 2 },
    ]);
  });

  test('lands a page once, however often it is committed', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    const page = run.page([order('a', 1), order('b', 1)]);
    await run.commit(page);
    const before = [await ledgerOf(pool, stream), await rowsOf(pool, stream)];
    expect(await run.commit(page)).toMatchObject({ fetched: 0 });
    expect(await run.commit(page, page)).toMatchObject({ fetched: 0 });
    expect([await ledgerOf(pool, stream), await rowsOf(pool, stream)]).toEqual(before);
    const next = run.page([order('c', 1)]);
    expect(await run.commit(page, next)).toMatchObject({ fetched: 1 });
  });

  test('counts versions that contradict one another once, however often the page is committed', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    const page = run.page([
      order('a', 2),
      order('a', 2, 'x'),
      order('a', 2, 'y'),
      order('a', 1),
      order('b', 1, '\ud800'),
    ]);
    await run.commit(page);
    await run.commit(page);
    const { rows } = await pool.query(
      `select kind, key, known, came, times from anomalies join streams using (stream_id) where partner = $1 order by kind`,
      [stream.partner.name],
    );
    expect(rows).toEqual([
      { kind: 'goes-back', key: 'a', known: '3', came: '4', times: '1' },
      { kind: 'same-version', key: 'a', known: '2', came: '3', times: '2' },
    ]);
  });

  test('lands everything once when writers race with the same pages, and all end well', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    for (let round = 0; round < 5; round++) {
      const pages = [0, 1].map((n) => run.page([order(`r${round}`, n), order(`s${round}${n}`, 1)]));
      const counts = await Promise.all([1, 2, 3, 4].map(() => run.commit(...pages)));
      expect(counts.map(({ fetched }) => fetched).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 4]);
    }
    const { events, pages } = await ledgerOf(pool, stream);
    expect([events!.length, pages!.length]).toEqual([20, 10]);
    expect(await rowsOf(pool, stream)).toHaveLength(15);
  });

  test('refuses a page that does not follow from where the run stands', async () => {
    const run = await runOf(warehouse, aStream());
    const first = run.page([order('a', 1)]);
    const second = run.page([order('b', 1)]);
    await expect(run.commit(second)).rejects.toThrow(RetryLater);
    await run.commit(first);
    await run.commit(second);
    await expect(
      run.commit({ ...second, pageKey: first.pageKey.replace(/^.{8}/, '00000000'), pageNo: 3 }),
    ).rejects.toThrow(/does not follow the checkpoint/);
  });

  test('gives up when a cursor comes round again', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    const first = run.page([order('a', 1)]);
    await run.commit(first);
    const again = run.page([order('a', 1)], { pageKey: first.pageKey });
    await expect(run.commit(again)).rejects.toThrow(GiveUp);
    await expect(run.commit(again)).rejects.toThrow(/page 2 of .* has the cursor of page 1/);
    expect((await ledgerOf(pool, stream))['pages']).toHaveLength(1);
  });

  test('refuses pages of a run that has ended, and of one that there is not', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.finish();
    await expect(run.commit(run.page([order('a', 1)]))).rejects.toThrow(RetryLater);
    await expect(
      warehouse.commitPages({
        stream,
        run: { ...run.opened.run, runNo: 99 },
        writer: { workflowRunId: '', attempt: 1 },
        pages: [],
        requests: 0,
      }),
    ).rejects.toThrow(GiveUp);
  });

  test.each([
    ['merge', 9, { disposition: 'merge' }],
    ['merge without a version', 9, { disposition: 'merge', version: [] }],
    ['append', 28, { disposition: 'append' }],
    ['append without a key', 50, { disposition: 'append', primaryKey: [], version: [] }],
    ['replace', 9, { disposition: 'replace', fullListing: false }],
  ] satisfies [string, number, Partial<StreamInput>][])(
    'writes the same in one commit as page by page: %s, %i rows',
    async (_what, rows, definition) => {
      const listings = [0, 1].map((day) =>
        [0, 1, 2, 3, 4].map((p) =>
          [0, 1, 2, 3, 4, 5].map((n) =>
            n === 5 ? { id: p } : order(`k${(p * 7 + n * 3) % 9}`, (p + n * day) % 4, `t${(n * p) % 3}`),
          ),
        ),
      );
      // One record in six does not fit: a run that failed for it would leave a `replace` table as it was, empty.
      const bears = { ...definition, errorBudget: { count: 100, share: 1 } };
      const both = [aStream(bears), aStream(bears)] as const;
      for (const [i, stream] of both.entries())
        for (const [day, listing] of listings.entries()) {
          const run = await runOf(warehouse, stream, { window: `2026-01-0${day + 1}` });
          const pages = listing.map((records) => run.page(records));
          if (i === 0) await run.commit(...pages);
          else for (const page of pages) await run.commit(page);
          expect(await run.finish()).toMatchObject({ outcome: 'partial' });
        }
      expect(await rowsOf(pool, both[0])).toEqual(await rowsOf(pool, both[1]));
      expect(await ledgerOf(pool, both[0])).toEqual(await ledgerOf(pool, both[1]));
      expect(await rowsOf(pool, both[0])).toHaveLength(rows);
    },
  );

  test('ends with the newest versions, whatever the order of arrival', async () => {
    const versions = [1, 2, 3, 4];
    const orders = versions.flatMap((a) =>
      versions.flatMap((b) => (a === b ? [] : [[a, b, ...versions.filter((v) => v !== a && v !== b)]])),
    );
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(...[0, 1, 2, 3].map((n) => run.page(orders.map((of, i) => order(`k${i}`, of[n]!)))));
    const other = await runOf(warehouse, stream, { window: '2026-11-25' });
    for (const n of [3, 1, 0, 2]) await other.commit(other.page(orders.map((of, i) => order(`m${i}`, of[n]!))));
    for (const [id, text] of await idAndText(pool, stream)) expect(text).toBe(`${String(id)} 4`);
    expect(await rowsOf(pool, stream)).toHaveLength(2 * orders.length);
  });

  test('keeps every content of a key in append, each once, under the record’s own key', async () => {
    const stream = aStream({ disposition: 'append' });
    await runAll(warehouse, stream, [
      [order('a', 2), order('a', 1), order('a', 2), order('b', 1)],
      [order('a', 1), order('a', 3), order('b', 1)],
    ]);
    expect(await idAndText(pool, stream)).toEqual([
      ['a', 'a 2'],
      ['a', 'a 1'],
      ['b', 'b 1'],
      ['a', 'a 3'],
    ]);
    const { events } = await ledgerOf(pool, stream);
    expect(events!.map((event) => (event as { key: string }).key)).toEqual(['a', 'a', 'b', 'a']);
  });

  test('takes every record for itself in append without a key, and still each page once', async () => {
    const stream = aStream({ disposition: 'append', primaryKey: [], version: [] });
    const run = await runOf(warehouse, stream);
    const page = run.page([order('a', 1), order('a', 1)]);
    await run.commit(page);
    await run.commit(page);
    expect(await idAndText(pool, stream)).toEqual([
      ['a', 'a 1'],
      ['a', 'a 1'],
    ]);
  });

  test('writes two spellings of one key value into one row', async () => {
    const stream = aStream({
      version: [],
      schema: { type: 'object', required: ['id'], properties: { id: { type: 'number' }, text: { type: 'string' } } },
    });
    const run = await runOf(warehouse, stream);
    const counts = await run.commit(run.page(['{"id":1.00000000000000000000,"text":"x"}', '{"id":1,"text":"y"}']));
    expect(counts).toMatchObject({ inserted: 1, updated: 1 });
    expect(await idAndText(pool, stream)).toEqual([[1, 'y']]);
  });
});

describe('a commit that fails in the middle', () => {
  test('leaves nothing behind, and the numbers of events and pages have no gap after it', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a', 1)]));
    const before = [await ledgerOf(pool, stream), await rowsOf(pool, stream)];
    const page = run.page([order('a', 2), order('b', 1), { id: 7 }]);
    fail = (name) => {
      if (name === 'commit.middle') throw new Error('killed');
    };
    try {
      for (let i = 0; i < 3; i++) await expect(run.commit(page)).rejects.toThrow('killed');
    } finally {
      fail = noFailpoint;
    }
    expect([await ledgerOf(pool, stream), await rowsOf(pool, stream)]).toEqual(before);
    await run.commit(page);
    const { events, pages } = await ledgerOf(pool, stream);
    expect(events!.map((event) => (event as { event: number }).event)).toEqual([1, 2, 3]);
    expect(pages!.map((row) => (row as { page_id: number }).page_id)).toEqual([1, 2]);
  });

  test('leaves nothing behind when its connection is cut', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    const page = run.page([order('a', 1)]);
    fail = async (name) => {
      if (name !== 'commit.middle') return;
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
          and application_name = 'syncline' and state = 'idle in transaction'`,
      );
    };
    try {
      await expect(run.commit(page)).rejects.toMatchObject({ name: 'WarehouseUnavailable' });
    } finally {
      fail = noFailpoint;
    }
    expect(await rowsOf(pool, stream)).toEqual([]);
    expect(await run.commit(page)).toMatchObject({ inserted: 1 });
  });
});

describe('pages that were read by other transforms', () => {
  test('are not written beside rows of the present ones; the run goes on by those', async () => {
    const masked = aStream({ transforms: { text: { mask: true } } });
    const of = (transforms: StreamInput['transforms']): CompiledStream => aStream({ transforms }, masked.partner.name);
    const late = await runOf(warehouse, masked);
    await late.commit(late.page([order('a', 1)]));
    const read = late.page([order('b', 1)]);
    const other = await runOf(warehouse, of({ text: { drop: true } }), { window: '2026-11-25' });
    await other.commit(other.page([order('c', 1)]));
    await expect(late.commit(read)).rejects.toThrow(RetryLater);
    await expect(late.commit(read)).rejects.toThrow('have changed since this was read');
    const rows = await rowsOf(pool, masked);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(new Set(rows.map((row) => row['_transform'])).size).toBe(1);
    const again = await runOf(warehouse, of({ text: { drop: true } }));
    await again.commit(again.page([order('b', 1)]));
    const without = await runOf(warehouse, of(undefined), { window: '2026-11-26' });
    await without.commit(without.page([order('d', 1)]));
    await expect(again.commit(again.page([order('e', 1)]))).rejects.toThrow(RetryLater);
    expect(await idAndText(pool, masked)).toEqual([
      ['a', 'a 1'],
      ['c', 'c 1'],
      ['b', 'b 1'],
      ['d', 'd 1'],
    ]);
  });
});
