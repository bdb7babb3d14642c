import { describe, expect, test } from '@jest/globals';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import { rollBackTable } from '../../landing/rebuild-table.ts';
import { none, useRebuilds, withField } from './rebuild-bench.ts';
import { aStream, idAndText, ledgerOf, order, rowsOf, runAll, runOf } from './run-of.ts';

const used = useRebuilds();
const { rebuild, compare, sql, tablesOf } = used;

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
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1), order('c', 1)]]);
    const before = await rowsOf(used.pool, stream);
    await sql(stream, change);
    const edited = await rowsOf(used.pool, stream);
    const found = await compare(stream);
    expect(found).toMatchObject({ differences, applied: false });
    expect(await rowsOf(used.pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['orders']);
    expect(await rebuild(stream)).toMatchObject({ differences, applied: true });
    expect(await rowsOf(used.pool, stream)).toEqual(before);
    expect(await tablesOf(stream)).toEqual(['_before_N', 'orders']);
    expect(await rollBackTable(used.pool, stream)).toEqual({
      restored: Object.values(differences).reduce((a, b) => a + b, 0),
      kept: 0,
    });
    expect(await rowsOf(used.pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['orders']);
    await expect(rollBackTable(used.pool, stream)).rejects.toThrow(InvalidInput);
  });

  test('keeps its views, grants, other columns and the rows that did not differ', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1)]]);
    await sql(stream, `alter table orders add column note text default 'mine'`);
    await sql(stream, 'create view orders_texts as select text from orders');
    const place = async (): Promise<unknown> =>
      (await used.pool.query(`select ctid, xmin, note from ${stream.partner.name}.orders where id = 'a'`)).rows;
    const before = await place();
    await sql(stream, `update orders set text = 'x' where id = 'b'`);
    await rebuild(stream);
    expect(await place()).toEqual(before);
    expect((await used.pool.query(`select text from ${stream.partner.name}.orders_texts order by 1`)).rows).toEqual([
      { text: 'a 1' },
      { text: 'b 1' },
    ]);
    expect((await rowsOf(used.pool, stream)).map(({ note }) => note)).toEqual(['mine', 'mine']);
  });

  test('gets back what it was, but for rows that something newer has come of', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [['a', 'b', 'c', 'd', 'e'].map((id) => order(id, 1))]);
    await sql(stream, `update orders set text = 'mine' where id in ('a', 'b')`);
    await sql(stream, `delete from orders where id in ('c', 'd')`);
    await sql(stream, `update orders set id = id || '!' where id = 'e'`);
    await rebuild(stream);
    const run = await runOf(used.warehouse, stream);
    await run.commit(run.page([order('a', 2), order('c', 2), order('e!', 1)]));
    await run.finish();
    expect(await rollBackTable(used.pool, stream)).toEqual({ restored: 3, kept: 3 });
    expect(new Map((await idAndText(used.pool, stream)) as [string, string][])).toEqual(
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
    await runAll(used.warehouse, stream, [records]);
    const before = await rowsOf(used.pool, stream);
    const narrow = aStream(withField({ text: { type: 'string' } }), stream.partner.name);
    const refused = rebuild(narrow);
    await expect(refused).rejects.toThrow(NeedsAttention);
    await expect(refused).rejects.toThrow(
      /2 events of the log no longer fit .* 2 rows of acme\d+\.orders .*event 3: text: .*--accept-unfit/,
    );
    expect(await rowsOf(used.pool, narrow)).toEqual(before);
    expect(await tablesOf(stream)).toEqual(['orders']);

    expect(await rebuild(narrow, { acceptUnfit: true })).toMatchObject({
      differences: { changed: 1, gone: 1, came: 0 },
      unfit: { events: 2, rows: 2 },
      applied: true,
    });
    expect(await idAndText(used.pool, narrow)).toEqual([
      ['a', 'a 1'],
      ['b', 'b 1'],
    ]);
    expect((await ledgerOf(used.pool, narrow))['quarantine']).toMatchObject([
      { key: 'b', path: 'text', status: 'held' },
      { key: 'c', path: 'text', status: 'held' },
    ]);
    expect(await rebuild(narrow)).toMatchObject({ differences: none, unfit: { events: 2, rows: 0 } });
  });

  test('do not stop a rebuild when no row stands for them', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[{ id: 'a', v: 1, text: null }, order('a', 2)]]);
    const narrow = aStream({ onMismatch: 'freeze', ...withField({ text: { type: 'string' } }) }, stream.partner.name);
    expect(await rebuild(narrow)).toMatchObject({
      differences: none,
      unfit: { events: 1, rows: 0, first: [{ event: 1, path: 'text' }] },
    });
  });
});
