import { describe, expect, test } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { transaction } from '../../store/session/transaction.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { none, useRebuilds, withField } from './rebuild-bench.ts';
import { aStream, idAndText, ledgerOf, order, rowsOf, runAll, runOf } from './run-of.ts';

const used = useRebuilds();
const { rebuild, compare, sql, tablesOf } = used;
const generous = { errorBudget: { count: 100, share: 1 } };
const bad = (id: string): unknown => ({ id, v: 1, text: 7 });

const dayAfter = (n: number): string => new Date(Date.UTC(2026, 4, 1 + n)).toISOString().slice(0, 10);

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
  ['merge with deletes', { deletes: { field: 'text', equals: 't2' } }],
  ['merge with soft deletes', { deletes: { field: 'text', in: ['t1', 't2'], as: 'soft' } }],
  ['merge with soft deletes, without a version', { version: [], deletes: { field: 'text', equals: 't2', as: 'soft' } }],
  ['merge with another name', withField({ now: { type: 'object', was: 'more' } })],
  ['merge with a contract', { onMismatch: { default: 'quarantine', fields: { text: 'evolve' } } }],
  ['append', { disposition: 'append' }],
  ['append without a key', { disposition: 'append', primaryKey: [], version: [] }],
  ['replace', { disposition: 'replace' }],
  ['replace without a version', { disposition: 'replace', version: [] }],
  ['replace without a key', { disposition: 'replace', primaryKey: [], version: [] }],
] satisfies [string, Partial<StreamInput>][];

const lineage = ({
  id,
  v,
  _event,
  _page,
  _run,
  _version,
  _hash,
  _extra,
  _deleted_at,
}: Record<string, unknown>): object => ({
  ...{ id, v, _event, _page, _run, _version, _hash, _extra, gone: _deleted_at !== null },
});

describe('a table that is rebuilt', () => {
  test.each(dispositions)('is the same that a change of transforms makes: %s', async (_what, definition) => {
    const stream = aStream({ ...generous, ...definition });
    for (const [day, records] of days.slice(0, 2).entries()) {
      const run = await runOf(used.warehouse, stream, { window: `2026-01-0${day + 1}` });
      await run.commit(run.page(records));
      await run.finish();
    }
    const before = await rowsOf(used.pool, stream);
    const masked = aStream(
      { ...generous, ...definition, transforms: { text: { hash: 'k'.repeat(32) } } },
      stream.partner.name,
    );
    await runOf(used.warehouse, masked, { window: '2026-01-03' });
    const after = await rowsOf(used.pool, masked);
    expect(after.map(lineage)).toEqual(before.map(lineage));
    expect(new Set(after.map((row) => row['_transform']))).toEqual(new Set([masked.transform?.stamp]));
    expect(JSON.stringify(after)).not.toMatch(/"t\d"/);
    expect(await compare(masked)).toMatchObject({ differences: none, unfit: { events: 0 } });
  });

  test.each(dispositions)('is as it was, value by value: %s', async (_what, definition) => {
    const stream = aStream({ ...generous, ...definition });
    for (const [day, records] of days.entries()) {
      const run = await runOf(used.warehouse, stream, { window: `2026-01-0${day + 1}` });
      await run.commit(run.page(records.slice(0, 17)), run.page([...records.slice(17), bad('q')]));
      await run.finish();
      // A run whose end is in doubt, and one that nobody ended.
      const doubt = await runOf(used.warehouse, stream, { window: `2026-02-0${day + 1}`, total: 999 });
      await doubt.commit(doubt.page([order(`k${day}`, 1, 'in doubt'), order(`x${day}`, 1)]));
      expect((await doubt.finish()).outcome).toBe('suspect');
      const open = await runOf(used.warehouse, stream, { window: `2026-03-0${day + 1}` });
      await open.commit(open.page([order(`y${day}`, 2), order('k3', 9, 'open')]));
    }
    const before = await rowsOf(used.pool, stream);
    expect(before.length).toBeGreaterThan(9);
    expect(await compare(stream)).toMatchObject({ differences: none, unfit: { events: 0, rows: 0 }, applied: false });
    expect(await rebuild(stream)).toMatchObject({ differences: none, applied: false });
    expect(await rowsOf(used.pool, stream)).toEqual(before);
    // Not by itself: from an empty table all of it comes again.
    await sql(stream, 'delete from orders');
    expect((await rebuild(stream)).differences).toMatchObject({ changed: 0, gone: 0, came: before.length });
    expect(await rowsOf(used.pool, stream)).toEqual(before);
  });

  test('has what the quarantine gave back, in the order in which it was received', async () => {
    const stream = aStream({ ...generous, version: [] });
    await runAll(used.warehouse, stream, [
      [order('a', 1, 'old'), bad('b'), bad('c'), order('d', 1)],
      [bad('a'), order('b', 1, 'newer than what is held'), order('d', 1)],
    ]);
    const wide = aStream({ ...generous, version: [], ...withField({ text: {} }) }, stream.partner.name);
    const table = `${stream.partner.name}.orders`;
    await used.pool.query(`alter table ${table} alter column text type jsonb using to_jsonb(text)`);
    const held = await readQuarantine(used.pool, { partner: stream.partner.name, stream: 'orders', limit: 99 });
    const replayed = await replayQuarantine(used.warehouse, { stream: wide, held, nowMs: 0 });
    expect(replayed.fitted).toHaveLength(3);
    expect((await ledgerOf(used.pool, wide))['events']).toMatchObject([
      ...[1, 2, 3].map(() => ({ operation: 'u', received_page: null })),
      { operation: 's', key: 'b' },
      { operation: 'u', key: 'c' },
      { operation: 'u', key: 'a' },
    ]);
    expect(
      (
        await used.pool.query(`select kind from batches where partner = $1 order by batch desc limit 1`, [
          stream.partner.name,
        ])
      ).rows,
    ).toEqual([{ kind: 'replay' }]);
    const before = await rowsOf(used.pool, wide);
    expect(await compare(wide)).toMatchObject({ differences: none });
    await sql(wide, 'truncate orders');
    await rebuild(wide);
    expect(await rowsOf(used.pool, wide)).toEqual(before);
  });

  test('has the values of the parents that its records were asked for with, also where the quarantine gave them back', async () => {
    const definition = {
      ...generous,
      parent: { stream: 'orders', field: 'id', as: 'x', in: 'query', include: 'of' },
      primaryKey: ['of', 'id'],
    } satisfies Partial<StreamInput>;
    const stream = defineStream({ ...definition, ...withField({ of: { type: 'string' } }) }, { name: 'nested' });
    const run = await runOf(used.warehouse, stream);
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
    await used.pool.query('alter table nested.orders alter column text type jsonb using to_jsonb(text)');
    const held = await readQuarantine(used.pool, { partner: 'nested', stream: 'orders', limit: 9 });
    expect((await replayQuarantine(used.warehouse, { stream: wide, held, nowMs: 0 })).fitted).toHaveLength(1);
    const before = await rowsOf(used.pool, wide);
    expect(before).toMatchObject([{ of: 'p1' }, { of: 'p2' }, { of: 'p3', id: 'z' }]);
    expect(await compare(wide)).toMatchObject({ differences: none });
    await sql(wide, 'truncate orders');
    await rebuild(wide);
    expect(await rowsOf(used.pool, wide)).toEqual(before);
  });

  test.each(dispositions)('is right although a sync goes on all the while: %s', async (_what, definition) => {
    const stream = aStream({ ...generous, ...definition, fullListing: false });
    await runAll(used.warehouse, stream, days.slice(0, 2));
    const sync = { ends: false };
    const syncing = (async (): Promise<void> => {
      for (let n = 0; !sync.ends || n < 3; n++) {
        const run = await runOf(used.warehouse, stream, { window: dayAfter(n) });
        for (let page = 0; page < 3; page++)
          await run.commit(run.page((days[(n + page) % 4] as unknown[]).slice(page * 10, page * 10 + 20)));
        await run.finish();
      }
    })();
    try {
      for (let n = 0; n < 3; n++) {
        // Between the transactions of the sync.
        if (n > 0)
          await transaction(used.pool, async (client) => {
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
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1), order('c', 1)]]);
    const run = await runOf(used.warehouse, stream);
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
    expect((await rowsOf(used.pool, stream)).map(({ text }) => text)).toEqual(['b 1', 'a 2', 'd 1']);
  });

  test('decides by the version that the definition has now', async () => {
    const stream = aStream({ version: [] });
    await runAll(used.warehouse, stream, [[order('a', 2)], [order('a', 1)]]);
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'a 1']]);
    const versioned = aStream({ version: ['v'] }, stream.partner.name);
    expect((await rebuild(versioned)).differences).toMatchObject({ changed: 1, gone: 0, came: 0 });
    expect(await idAndText(used.pool, versioned)).toEqual([['a', 'a 2']]);
  });
});
