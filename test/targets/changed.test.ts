import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { applyPoints } from '../../targets/apply-points.ts';
import type { Target } from '../../targets/target.ts';
import { inDatabase } from '../support/database.ts';
import { applySeries } from '../support/duckdb-series.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { long } from '../support/long.ts';
import { orders, valuesOf } from '../support/target-rows.ts';
import { kinds, useKind, type Kind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());
const duckdb = useDuckdb();
const postgres = useKind('postgres');

/** Compiled by test/setup.ts. */
const program = fileURLToPath(new URL('../../dist/test/support/anew-writer.js', import.meta.url));

/** By which signal the writer ended. */
async function runWriter(...args: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

const definition = {
  primaryKey: ['id'],
  version: ['v'],
  schema: {
    type: 'object',
    required: ['id', 'v'],
    properties: { id: { type: 'string' }, v: { type: 'integer' } },
  },
} satisfies Partial<StreamInput>;
const record = (id: string, v: number): string => JSON.stringify({ id, v });
const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Statements of somebody who has nothing to do with Syncline. */
async function byHand(of: TargetDefinition, ...statements: readonly string[]): Promise<void> {
  if (of.type === 'duckdb') await duckdb.query(of.path, ...statements);
  else for (const statement of statements) await inDatabase(new URL(of.url).pathname.slice(1), statement);
}

/** A DuckDB file is open in one process. */
const leave = async (target: Target): Promise<void> => {
  if (target.kind === 'duckdb') await target.close();
};

/** What happens to a table, and what is said of it. */
const deeds = [
  ['that somebody emptied', 'all', (name: string) => `delete from ${name}`, 'it is empty'],
  ['that somebody dropped', 'all', (name: string) => `drop table ${name}`, 'it is not there any more'],
  [
    'whose rows somebody deleted',
    'duckdb',
    (name: string) => `delete from ${name} where id <> 'a'`,
    'it has 1 row, and the last load left 6',
  ],
  [
    'whose rows somebody deleted',
    'postgres',
    (name: string) => `delete from ${name} where id <> 'a'`,
    ' deleted rows at ',
  ],
] as const;
const cases = kinds.flatMap((kind) =>
  deeds.filter(([, of]) => of === 'all' || of === kind).map(([what, , deed, says]) => ({ kind, what, deed, says })),
);

let streams = 0;
describe.each(kinds)('a table in a %s target', (kind: Kind) => {
  const warehouse = useKind(kind);

  async function loaded(): Promise<{ readonly stream: string; readonly of: TargetDefinition }> {
    const stream = `c${(streams += 1)}`;
    await bench.define({ [stream]: definition });
    await bench.pull(stream, [ids.map((id) => record(id, 1))]);
    const of = await warehouse.declare();
    const target = await warehouse.open(of);
    await bench.apply(stream, target);
    await leave(target);
    return { stream, of };
  }

  test.each(cases.filter((each) => each.kind === kind))(
    '$what is made anew beside: nobody reads half of it, and it is said',
    async ({ deed, says }) => {
      const { stream, of } = await loaded();
      const table = await bench.tableOf(stream);
      await byHand(of, deed(`${table.schema}.${table.table}`));
      const target = await warehouse.open(of);
      /** Rows, or the error of whoever asks for a table that is not there. */
      const seen = async (): Promise<unknown> => bench.landed(stream, target).catch(() => 'not there');
      const before = await seen();
      const between: unknown[] = [];
      let loads = 0;
      const dying: Target = {
        ...target,
        apply: async (at, changes) => {
          between.push(await seen());
          if ((loads += 1) === 3) throw new Error('the warehouse is down');
          return target.apply(at, changes);
        },
      };
      await expect(bench.apply(stream, dying, 2)).rejects.toThrow('down');
      expect(between).toEqual([before, before, before]);
      // A worker that is gone, and the next one.
      await leave(target);
      const next = await warehouse.open(of);
      expect(await bench.state(stream)).toMatchObject({
        changed: { how: expect.stringContaining(says), anewAt: null },
      });
      expect(await bench.apply(stream, next, 2)).toMatchObject({ state: 'caughtUp', loads: 1, building: null });
      expect(await bench.landed(stream, next)).toEqual(await bench.shown(stream));
      expect(await bench.state(stream)).toMatchObject({
        changed: { how: expect.stringContaining(says), anewAt: expect.any(String) },
        behindSince: null,
      });
      expect(Object.keys(await next.placed(table))).toEqual(['live']);
      await bench.pull(stream, [[record('b', 2)]]);
      expect(await bench.apply(stream, next)).toMatchObject({ state: 'caughtUp', loads: 1 });
      expect(await bench.landed(stream, next)).toEqual(await bench.shown(stream));
    },
  );

  test('stays changed although somebody puts as many rows back', async () => {
    const { stream, of } = await loaded();
    const { schema, table } = await bench.tableOf(stream);
    const name = `${schema}.${table}`;
    await byHand(of, `create table ${schema}.kept as select * from ${name}`, `delete from ${name}`);
    const first = await warehouse.open(of);
    const dying: Target = { ...first, apply: () => Promise.reject(new Error('the warehouse is down')) };
    await expect(bench.apply(stream, dying, 2)).rejects.toThrow('down');
    await leave(first);
    await byHand(of, `insert into ${name} select * from ${schema}.kept`, `update ${name} set v = 7`);
    const target = await warehouse.open(of);
    const told = bench.warnings.length;
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    // Once is enough.
    expect(bench.warnings.slice(told)).toEqual([]);
    expect(bench.warnings.at(-1)).toMatch(/^somebody has changed \S+ in lake: it is empty/);
  });

  test('that somebody changed is compared as it stands, and a rebuild mends it', async () => {
    const { stream, of } = await loaded();
    const { schema, table } = await bench.tableOf(stream);
    await byHand(of, `delete from ${schema}.${table}`);
    const target = await warehouse.open(of);
    const report = { differences: { changed: 0, gone: 0, came: ids.length } };
    expect(await bench.rebuild(stream, target, { action: 'compare' })).toMatchObject({ state: 'done', report });
    expect(await bench.landed(stream, target)).toEqual([]);
    expect(await bench.compare(stream, target)).toMatchObject({ verdict: 'differs', missing: ids.length });
    expect(await bench.rebuild(stream, target)).toMatchObject({
      state: 'done',
      report: { ...report, applied: true, changedBefore: 'it is empty, and the last load left rows in it' },
    });
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    await expect(bench.rebuild(stream, target, { action: 'rollback' })).rejects.toThrow(
      'somebody has changed the table of before',
    );
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  });

  test('whose cursor is gone is made anew as well, and a rebuild in between finds no difference', async () => {
    const { stream, of } = await loaded();
    const { table } = await bench.tableOf(stream);
    await byHand(of, `delete from syncline.cursors where table_name = '${table}'`);
    const target = await warehouse.open(of);
    expect(await bench.rebuild(stream, target)).toMatchObject({
      report: { differences: { changed: 0, gone: 0, came: 0 }, applied: false },
    });
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    expect(await bench.state(stream)).toMatchObject({ changed: { how: expect.stringContaining('another table') } });
  });

  test('that somebody dropped is not compared, and an erasure leaves nothing of what stands beside', async () => {
    const { stream, of } = await loaded();
    const table = await bench.tableOf(stream);
    await byHand(of, `drop table ${table.schema}.${table.table}`);
    const target = await warehouse.open(of);
    await target.open({ ...table, place: 'fill' });
    await expect(bench.rebuild(stream, target)).rejects.toThrow(
      'is not there any more: the next load, within a minute, makes it',
    );
    // All of the log counts as lag, whoever found it: a load is started for streams that are behind.
    expect(await bench.state(stream)).toMatchObject({
      changed: { how: expect.stringContaining('not there') },
      cursor: 0,
      behindSince: expect.any(String),
    });
    expect(await bench.rebuild(stream, target, { action: 'erase' })).toMatchObject({ state: 'done' });
    expect(await target.placed(table)).toEqual({});
  });

  test('that is a history of which retention removed events waits for a person', async () => {
    const stream = `c${(streams += 1)}`;
    await bench.define({ [stream]: { ...definition, history: true } });
    await bench.pull(stream, [[record('a', 1), record('b', 1)], [record('a', 2)]]);
    const of = await warehouse.declare();
    const first = await warehouse.open(of);
    await bench.apply(`${stream}.history`, first);
    await leave(first);
    const { rows: found } = await bench.pool.query<{ id: number }>(
      'update streams set log_from = 2 where name = $1 returning stream_id as id',
      [stream],
    );
    await bench.pool.query(`delete from events_${found[0]?.id} where event = 1`);
    const { schema, table } = await bench.tableOf(`${stream}.history`);
    await byHand(of, `delete from ${schema}.${table}`);
    const target = await warehouse.open(of);
    await expect(bench.apply(`${stream}.history`, target)).rejects.toThrow(
      /somebody has changed .*: it is empty.*below 2.*would lack versions.*drop/,
    );
    await leave(target);
    await byHand(of, `drop table ${schema}.${table}`);
    const next = await warehouse.open(of);
    expect(await bench.apply(`${stream}.history`, next)).toMatchObject({ state: 'caughtUp', building: null });
    expect(await bench.landed(`${stream}.history`, next)).toHaveLength(2);
  });
});

test('a table in PostgreSQL that somebody emptied keeps its grants and the views of it', async () => {
  const stream = `c${(streams += 1)}`;
  await bench.define({ [stream]: definition });
  await bench.pull(stream, [ids.map((id) => record(id, 1))]);
  const of = await postgres.declare();
  const target = await postgres.open(of);
  await bench.apply(stream, target);
  const { schema, table } = await bench.tableOf(stream);
  const name = `${schema}.${table}`;
  await byHand(of, `grant select on ${name} to public`, `create view ${schema}.mine as select * from ${name}`);
  await byHand(of, `truncate ${name}`);
  expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
  expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  await byHand(
    of,
    `do $$ begin
      assert (select count(*) from ${schema}.mine) = ${ids.length}, 'the view reads another table';
      assert has_table_privilege('public', '${name}', 'select'), 'the grant is gone';
    end $$`,
  );
});

/** The swap last: behind it there is nothing to load. */
const points = [...(long ? applyPoints : (['inserted'] as const)), 'swap'];

test('a worker that is killed anywhere while a table is made anew leaves the old rows, and the next one ends it', async () => {
  const undisturbed = await duckdb.open({ path: duckdb.newPath() });
  await applySeries(undisturbed);
  const path = duckdb.newPath();
  const target = await duckdb.open({ path });
  await applySeries(target);
  await target.close();
  await duckdb.query(path, 'delete from acme.orders where id < 100');
  const left = await duckdb.query(path, 'select id, _event from acme.orders order by id');
  for (const [i, point] of points.entries()) {
    expect([point, await runWriter(path, point, '2')]).toEqual([point, 'SIGKILL']);
    expect([i, await duckdb.query(path, 'select id, _event from acme.orders order by id')]).toEqual([i, left]);
  }
  expect(await runWriter(path, 'swapped', '1')).toBe('SIGKILL');
  const next = await duckdb.open({ path });
  expect(await next.open(orders)).not.toHaveProperty('changed');
  expect(await valuesOf(next, orders)).toEqual(await valuesOf(undisturbed, orders));
  expect(Object.keys(await next.placed(orders))).toEqual(['live']);
});
