import { describe, expect, test } from '@jest/globals';
import { assert, asyncProperty, array, constantFrom, integer, nat, record, tuple } from 'fast-check';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { compileStream } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { erase } from '../../landing/erase.ts';
import { rollBackTable } from '../../landing/rebuild-table.ts';
import { undoRuns } from '../../landing/undo-run.ts';
import { plainNames } from '../../messages/names.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { long } from '../support/long.ts';
import { none, useRebuilds, withField } from './rebuild-bench.ts';
import { aStream, idAndText, ledgerOf, order, rowsOf, runAll, runOf } from './run-of.ts';

const used = useRebuilds();
const { rebuild, compare, sql, tablesOf } = used;

type Row = Record<string, unknown>;

const kinds = [
  ['merge', {}],
  ['merge without a version', { version: [] }],
  [
    'merge with a key of two fields',
    { primaryKey: ['id', 'v'], version: [], schema: { ...ordersSchema, required: ['id', 'v'] } },
  ],
  ['merge with deletes', { deletes: { field: 'text', equals: 't2' } }],
  ['merge with soft deletes', { deletes: { field: 'text', in: ['t1', 't2'], as: 'soft' } }],
  ['merge without a key', { primaryKey: [], version: [] }],
  ['append', { disposition: 'append' }],
  ['append without a key', { disposition: 'append', primaryKey: [], version: [] }],
  ['replace', { disposition: 'replace', fullListing: false }],
] satisfies [string, Partial<StreamInput>][];

const keyOf = ({ keyColumns }: CompiledStream, row: Row): string | null => {
  const parts = keyColumns.map(({ name }) => String(row[name]));
  return parts.length > 1 ? JSON.stringify(parts) : (parts[0] ?? null);
};

/** What the log has of the keys of some windows, or of their own events where the stream has no key. */
async function known(
  stream: CompiledStream,
  windows: readonly string[],
): Promise<{ keys: Set<string>; events: Set<number> }> {
  const { rows } = await used.pool.query<{ event: number; key: string | null; own: boolean }>(
    `select e.event::integer as event, e.key, r.window_label = any ($2) as own from events e join streams s using (stream_id)
      join pages p on p.stream_id = e.stream_id and p.page_id = e.page join stream_runs r on r.stream_id = p.stream_id and r.run_no = p.run_no
      where s.partner = $1`,
    [stream.partner.name, windows],
  );
  const keys = new Set(rows.flatMap(({ own, key }) => (own && key !== null ? [key] : [])));
  const isLoose = stream.keyColumns.length === 0;
  return {
    keys,
    events: new Set(
      rows.filter(({ own, key }) => (isLoose ? own : key !== null && keys.has(key))).map(({ event }) => event),
    ),
  };
}

const damages = {
  text: `update orders set text = 'mine'`,
  extra: `update orders set _extra = '{"x":1}'`,
  deleted: 'delete from orders',
  marked: `update orders set _deleted_at = now()`,
  key: `update orders set id = 'z' || _event`,
} as const;
const damage = (kind: keyof typeof damages, at: number): string =>
  `${damages[kind]} where ctid in (select ctid from orders order by _event limit 1 offset ${at} % (1 + (select count(*) from orders)))`;

const someRecord = tuple(nat(6), nat(4), nat(3)).map(([id, v, text]) => order(`k${id}`, v, `t${text}`));
const series = record({
  nights: array(array(someRecord, { minLength: 2, maxLength: 8 }), { minLength: 3, maxLength: 3 }),
  damage: array(tuple(constantFrom(...(Object.keys(damages) as (keyof typeof damages)[])), nat(40)), {
    minLength: 4,
    maxLength: 8,
  }),
  added: array(nat(9), { maxLength: 2 }),
  from: integer({ min: 1, max: 3 }),
  days: integer({ min: 0, max: 1 }),
});
/** Orders, and a stream whose records say which of them are gone. */
function defineTwo(): Record<'orders' | 'gone', CompiledStream> {
  const both = partner.parse({
    name: 'two',
    baseUrl: 'https://api.two.example',
    streams: {
      orders: { path: '/orders', primaryKey: ['id'], version: ['v'], schema: ordersSchema, deletes: {} },
      gone: { path: '/gone', primaryKey: ['id'], schema: ordersSchema, deletes: { of: 'orders' } },
    },
  });
  return {
    orders: compileStream(both, 'orders', plainNames),
    gone: compileStream(both, 'gone', plainNames),
  };
}

const day = (n: number): string => `2026-01-0${n}`;
const sorted = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

describe('a rebuild of a window', () => {
  test.each(kinds)(
    'makes the rows of its keys what the log says, and leaves the others: %s',
    async (_what, definition) => {
      await assert(
        asyncProperty(series, async ({ nights, damage: hits, added, from, days }) => {
          const stream = aStream({ errorBudget: { count: 100, share: 1 }, ...definition });
          await runAll(used.warehouse, stream, nights);
          const right = await rowsOf(used.pool, stream);
          for (const [kind, at] of hits) await sql(stream, damage(kind, at));
          for (const n of added)
            await sql(
              stream,
              `insert into orders (id, v, _event, _page, _run, _hash) values ('k${n}', 1, ${900 + n}, 1, 1, gen_random_uuid()) on conflict do nothing`,
            );
          const damaged = await rowsOf(used.pool, stream);
          const windows = Array.from({ length: days + 1 }, (_, n) => day(from + n));
          const { keys, events } = await known(stream, windows);
          const isEach = stream.keyColumns.length === 0 || stream.definition.disposition === 'append';
          const isOf = (row: Row): boolean =>
            keys.has(keyOf(stream, row) as string) || (isEach && events.has(row['_event'] as number));
          const expected = sorted([...right.filter(isOf), ...damaged.filter((row) => !isOf(row))]);

          const report = await rebuild(stream, { scope: { window: `${day(from)}..${day(from + days)}` } });
          expect(sorted(await rowsOf(used.pool, stream))).toEqual(expected);
          expect(report.scope?.keys).toBe(stream.keyColumns.length === 0 ? null : keys.size);
          if (report.applied) await rollBackTable(used.pool, stream);
          expect(sorted(await rowsOf(used.pool, stream))).toEqual(sorted(damaged));
          await rebuild(stream);
          expect(sorted(await rowsOf(used.pool, stream))).toEqual(sorted(right));
        }),
        { numRuns: long ? 60 : 1, endOnFailure: true },
      );
    },
    long ? 600_000 : undefined,
  );

  test('has late versions and what a later night deleted; a dry run changes nothing', async () => {
    const stream = aStream({ deletes: { field: 'text', equals: 'gone', as: 'soft' } });
    await runAll(used.warehouse, stream, [
      [order('a', 2), order('b', 1), order('c', 1)],
      [order('a', 1, 'late'), order('b', 2, 'gone'), order('d', 1)],
    ]);
    const right = await rowsOf(used.pool, stream);
    await sql(stream, `update orders set text = 'mine', _deleted_at = null`);
    const dry = await rebuild(stream, { scope: { window: day(1) }, dryRun: true });
    expect(dry).toMatchObject({ differences: { changed: 3 }, scope: { keys: 3, events: 5 }, applied: false });
    expect(await tablesOf(stream)).toEqual(['orders']);
    await rebuild(stream, { scope: { window: day(1) } });
    expect(await rowsOf(used.pool, stream)).toEqual(
      right.map((row) => (row['id'] === 'd' ? { ...row, text: 'mine' } : row)),
    );
  });

  test('has what the quarantine gave back of it, and what a list of another stream says is gone', async () => {
    const stream = aStream({ errorBudget: { count: 9, share: 1 } });
    await runAll(used.warehouse, stream, [[order('a', 1), { id: 'b', v: 1, text: 7 }], [order('c', 1)]]);
    const wide = aStream({ ...withField({ text: {} }) }, stream.partner.name);
    await sql(stream, 'alter table orders alter column text type jsonb using to_jsonb(text)');
    const held = await readQuarantine(used.pool, { partner: stream.partner.name, stream: 'orders', limit: 9 });
    await replayQuarantine(used.warehouse, { stream: wide, held, nowMs: 0 });
    await sql(wide, `update orders set text = '"mine"'`);
    expect(await rebuild(wide, { scope: { window: day(1) } })).toMatchObject({ scope: { keys: 2, events: 2 } });
    expect((await rowsOf(used.pool, wide)).map(({ text }) => text)).toEqual(['a 1', 'mine', 7]);

    const { orders, gone } = defineTwo();
    await runAll(used.warehouse, orders, [[order('a', 1), order('b', 1)]]);
    const list = await runOf(used.warehouse, gone, { window: day(2) });
    await list.commit(list.page([{ id: 'b' }, { id: 'x' }]));
    await list.finish();
    await sql(orders, `update orders set id = 'b' where id = 'a'`);
    expect(await rebuild(orders, { scope: { window: day(2) } })).toMatchObject({
      differences: { changed: 0, gone: 1, came: 0 },
      scope: { keys: 2 },
    });
    expect(await rowsOf(used.pool, orders)).toEqual([]);
  });

  test('is refused where there is no such run, and for a replace without a key, whose listing stands as a whole', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1)]]);
    const refused = rebuild(stream, { scope: { window: day(2) } });
    await expect(refused).rejects.toThrow(InvalidInput);
    await expect(refused).rejects.toThrow(
      /no run of acme\d+\.orders has read the window 2026-01-02: `syncline runs list/,
    );
    const listing = aStream({ disposition: 'replace', primaryKey: [], version: [] });
    await runAll(used.warehouse, listing, [[order('a', 1)]]);
    await expect(rebuild(listing, { scope: { window: day(1) } })).rejects.toThrow(
      /without a `primaryKey`.*`syncline rebuild acme\d+ orders` rebuilds all of it/,
    );
  });
});

const parent = (id: string): unknown => ({ id, v: 1, items: [{ sku: `${id}1` }, { sku: `${id}2` }] });
const lacking = (id: string): unknown => ({ id, v: 1, text: null });

describe('a rebuild of keys', () => {
  test('looks at their rows only, also where the log knows nothing of one', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1), order("c'\\", 1)]]);
    await sql(stream, `update orders set text = 'mine'`);
    await sql(stream, `insert into orders (id, _event, _page, _run, _hash) values ('x', 99, 1, 1, gen_random_uuid())`);
    expect(await rebuild(stream, { scope: { keys: ['a', "c'\\", 'x', 'y', 'a'] } })).toMatchObject({
      differences: { changed: 2, gone: 1, came: 0 },
      scope: { keys: 4, events: 2 },
    });
    expect(await idAndText(used.pool, stream)).toEqual([
      ['a', 'a 1'],
      ['b', 'mine'],
      ["c'\\", "c'\\ 1"],
    ]);
    expect(await rebuild(stream, { scope: { keys: ['b'] } })).toMatchObject({ differences: { changed: 1 } });
    expect(await compare(stream)).toMatchObject({ differences: none });
    expect((await rebuild(stream, { scope: { keys: ['nobody'] } })).scope).toEqual({ keys: 1, events: 0 });
  });

  test('has the elements of their rows follow', async () => {
    const stream = aStream({
      ...withField({ items: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } } }),
      children: { items: {} },
    });
    await runAll(used.warehouse, stream, [[parent('a'), parent('b')]]);
    await sql(stream, `delete from orders`);
    await rebuild(stream, { scope: { keys: ['b'] } });
    const { rows } = await used.pool.query(`select sku from ${stream.schema}.orders_items order by 1`);
    expect(rows).toEqual([{ sku: 'b1' }, { sku: 'b2' }]);
  });

  test('holds what fits no longer, and only of these keys', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[lacking('a'), lacking('b'), order('c', 1)]]);
    const narrow = aStream(withField({ text: { type: 'string' } }), stream.partner.name);
    await expect(rebuild(narrow, { scope: { keys: ['a', 'c'] } })).rejects.toThrow(
      /1 events of the log no longer fit.*--accept-unfit/,
    );
    const report = await rebuild(narrow, { scope: { keys: ['a', 'c'] }, acceptUnfit: true });
    expect(report).toMatchObject({ differences: { changed: 0, gone: 1, came: 0 }, unfit: { events: 1, rows: 1 } });
    expect((await idAndText(used.pool, narrow)).map(([id]) => id)).toEqual(['b', 'c']);
    expect((await ledgerOf(used.pool, narrow))['quarantine']).toMatchObject([{ key: 'a', status: 'held' }]);
  });

  test('is refused without a key, and where records came under another key', async () => {
    const loose = aStream({ disposition: 'append', primaryKey: [], version: [] });
    await runAll(used.warehouse, loose, [[order('a', 1)]]);
    await expect(rebuild(loose, { scope: { keys: ['a'] } })).rejects.toThrow(/has no `primaryKey`/);

    const stream = aStream({ schema: { ...ordersSchema, required: ['id', 'v'] } });
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1)]]);
    await sql(stream, 'drop table orders');
    const other = aStream(
      { primaryKey: ['id', 'v'], schema: { ...ordersSchema, required: ['id', 'v'] } },
      stream.partner.name,
    );
    const run = await runOf(used.warehouse, other, { window: day(5) });
    await run.commit(run.page([order('a', 2)]));
    await run.finish();
    const before = await rowsOf(used.pool, other);
    expect(before).toHaveLength(3);
    for (const scope of [{ keys: ['["a","1"]'] }, { window: day(5) }]) {
      const refused = rebuild(other, { scope });
      await expect(refused).rejects.toThrow(NeedsAttention);
      await expect(refused).rejects.toThrow(/by another key than the definition.*rebuilds all of it/);
    }
    expect(await rowsOf(used.pool, other)).toEqual(before);
    expect(await compare(other)).toMatchObject({ differences: none });
  });
});

describe('a rebuild that is interrupted or overtaken', () => {
  /** Ends its connection, as the end of its process does. */
  const cutAt = (stream: CompiledStream): Promise<unknown> =>
    rebuild(stream, {
      scope: { window: day(1) },
      failpoint: async () => {
        await used.pool
          .query(`select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
          where l.locktype = 'advisory' and d.datname = current_database()`);
      },
    });

  test('that is cut off has changed nothing, and the next one has what comes meanwhile', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1)], [order('c', 1)]]);
    await sql(stream, `update orders set text = 'mine'`);
    const edited = await rowsOf(used.pool, stream);
    await expect(cutAt(stream)).rejects.toThrow(/terminat|connection/i);
    expect(await rowsOf(used.pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['_build_N', 'orders']);
    let committed = false;
    await rebuild(stream, {
      scope: { window: day(1) },
      failpoint: async () => {
        if (committed) return;
        committed = true;
        const run = await runOf(used.warehouse, stream, { window: day(7) });
        await run.commit(run.page([order('a', 2), order('d', 1)]));
        await run.finish();
        await sql(stream, `update orders set text = 'mine' where id in ('a', 'd')`);
      },
    });
    expect(new Map((await idAndText(used.pool, stream)) as [string, string][])).toEqual(
      new Map([
        ['a', 'a 2'],
        ['b', 'b 1'],
        ['c', 'mine'],
        ['d', 'mine'],
      ]),
    );
    expect(await tablesOf(stream)).toEqual(['_before_N', 'orders']);
  });

  test.each([
    ['of all', {}],
    ['of a window', { scope: { window: `${day(1)}..${day(2)}` } }],
  ])('brings nothing back that was undone or erased meanwhile: %s', async (_what, change) => {
    const stream = defineStream({}, { name: `gone${_what === 'of all' ? 1 : 2}` });
    await runAll(used.warehouse, stream, [
      [order('a', 1), order('b', 1)],
      [order('a', 2, 'test'), order('c', 1)],
    ]);
    let times = 0;
    await rebuild(stream, {
      ...change,
      failpoint: async () => {
        times += 1;
        if (times === 1)
          await undoRuns(used.pool, {
            runs: [{ stream, syncId: `sync/${stream.partner.name}/orders/${day(2)}` }],
            by: 'me',
            reason: 'test data',
            dryRun: false,
          });
        if (times === 2)
          await erase(used.pool, { stream, whose: { key: 'b' }, reason: 'asked for', by: 'me', dryRun: false });
      },
    });
    expect(times).toBe(3);
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'a 1']]);
    expect(await compare(stream)).toMatchObject({ differences: none });
  });
});
