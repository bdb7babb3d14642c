import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { RebuildStepped } from '../../messages/rebuild-target.ts';
import { compareRows } from '../../activities/apply/compare-rows.ts';
import { column, changesOf, rowOf } from '../support/target-rows.ts';
import type { Target, TargetTable } from '../../targets/target.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, PARTNER, type LandBench } from './land-bench.ts';
import { definition, landedOrders, narrow, none, order, placesOf, wider, type Orders } from './rebuild-orders.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

/** What somebody who can write to the warehouse does by hand: other rows under the same cursor. */
async function edit(
  stream: string,
  target: Target,
  rows: { readonly upserts?: readonly (readonly string[])[]; readonly deletes?: readonly (readonly string[])[] },
): Promise<void> {
  const table = await bench.tableOf(stream);
  const { event } = await target.open(table);
  const upserts = (rows.upserts ?? []).map((values) => rowOf(event, values));
  await target.apply(table, changesOf(event, upserts, { to: event, deletes: rows.deletes ?? [] }));
}

describe.each(kinds)('a table in a %s target', (kind) => {
  const warehouse = useKind(kind);
  const landed = (of?: Partial<StreamInput>): Promise<Orders> => landedOrders(bench, warehouse, of);

  test.each([
    ['merge', {}],
    ['merge without a version', { version: [] }],
    ['append', { disposition: 'append' }],
    ['replace', { disposition: 'replace' }],
    ['replace without a key', { disposition: 'replace', primaryKey: [], version: [] }],
  ] satisfies [string, Partial<StreamInput>][])('is what the log says: %s', async (_what, change) => {
    const { stream, target } = await landed({ ...definition, ...change });
    const before = await bench.landed(stream, target);
    expect(before.length).toBeGreaterThan(2);
    expect(await bench.rebuild(stream, target, { rows: 2 })).toMatchObject({
      state: 'done',
      report: { differences: none, applied: false },
    });
    expect(await bench.landed(stream, target)).toEqual(before);
    expect(Object.keys(await target.placed(await bench.tableOf(stream)))).toEqual(['live']);
  });

  test('that somebody changed is found, made anew, and brought back', async () => {
    const { stream, target } = await landed();
    const before = await bench.landed(stream, target);
    await edit(stream, target, {
      upserts: [
        ['a', '1', 'mine'],
        ['z', '1', 'mine'],
      ],
      deletes: [['c']],
    });
    const edited = await bench.landed(stream, target);
    const differences = { changed: 1, gone: 1, came: 1 };
    expect(await bench.rebuild(stream, target, { action: 'compare' })).toMatchObject({
      report: { differences, applied: false },
    });
    expect(await bench.landed(stream, target)).toEqual(edited);
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { differences, applied: true } });
    expect(await bench.landed(stream, target)).toEqual(before);

    expect(await bench.rebuild(stream, target, { action: 'rollback' })).toMatchObject({ state: 'done' });
    expect(await bench.landed(stream, target)).toEqual(edited);
    await bench.pull(stream, [[order('a', 9)]]);
    await bench.apply(stream, target);
    expect((await bench.landed(stream, target)).map(({ values }) => values[2])).toEqual(['a 9', 'b 2', 'mine']);
  });

  test('that differs in a field without a column is found, too', async () => {
    const { stream, target } = await landed();
    const table = await bench.tableOf(stream);
    const before = await bench.landed(stream, target);
    const of = async (extra: string): Promise<void> => {
      const event = before.find(({ values }) => values[0] === 'a')?.event as number;
      const { event: at } = await target.open(table);
      await target.apply(table, changesOf(at, [rowOf(event, ['a', '1', 'a 1'], { extra })], { to: at }));
    };
    await of('{"more": 1.0}');
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { differences: none, applied: false } });
    await of('{"more": 2}');
    expect(await bench.rebuild(stream, target)).toMatchObject({
      report: { differences: { changed: 1, gone: 0, came: 0 }, applied: true },
    });
    expect(await bench.landed(stream, target)).toEqual(before);
  });

  test('is right although loads go on, and the steps of a rebuild take up where the last one ended', async () => {
    const { stream, target } = await landed();
    await edit(stream, target, { upserts: [['a', '1', 'mine']] });
    let step = await bench.rebuildStep(stream, target, { rows: 1 });
    let steps = 1;
    for (; step.state === 'more'; steps += 1) {
      expect(step.soFar.event).toBeGreaterThanOrEqual(steps);
      await bench.pull(stream, [[order('n', steps)]]);
      if (steps < 4) await bench.apply(stream, target);
      step = await bench.rebuildStep(stream, target, { rows: 1, soFar: step.soFar });
    }
    expect(steps).toBeGreaterThan(3);
    expect(step).toMatchObject({
      state: 'done',
      report: { differences: { changed: 1, gone: 0, came: 0 }, applied: true },
    });
    await bench.apply(stream, target);
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  });

  test('that was done, and whose answer was lost, is not done again', async () => {
    const { stream, target } = await landed();
    await edit(stream, target, { upserts: [['a', '1', 'mine']] });
    const first = (await bench.rebuildStep(stream, target, { rows: 1 })) as Extract<RebuildStepped, { state: 'more' }>;
    const rest = { soFar: first.soFar, patient: true };
    expect(await bench.rebuildStep(stream, target, rest)).toMatchObject({ state: 'done', report: { applied: true } });
    const { live } = await target.placed(await bench.tableOf(stream));
    expect(await bench.rebuildStep(stream, target, rest)).toMatchObject({ state: 'done', report: { applied: true } });
    expect((await target.placed(await bench.tableOf(stream))).live).toEqual(live);
    const undo = (await bench.rebuildStep(stream, target, { action: 'rollback' })) as typeof first;
    await bench.rebuildStep(stream, target, { action: 'rollback', soFar: undo.soFar });
    await bench.rebuildStep(stream, target, { action: 'rollback', soFar: undo.soFar });
    expect((await bench.landed(stream, target)).map(({ values }) => values[2])).toEqual(['mine', 'b 2', 'c 1']);
  });

  test('an interrupted rebuild leaves the table as it was, and the next one begins again', async () => {
    const { stream, target } = await landed();
    await edit(stream, target, { upserts: [['a', '1', 'mine']] });
    const edited = await bench.landed(stream, target);
    expect(await bench.rebuildStep(stream, target, { rows: 1 })).toMatchObject({ state: 'more' });
    expect(await bench.landed(stream, target)).toEqual(edited);
    expect(await bench.rebuild(stream, target)).toMatchObject({
      report: { differences: { changed: 1 }, applied: true },
    });
  });

  test('keeps rows whose record fits the schema no longer, unless that is accepted', async () => {
    const { stream, target } = await landed();
    await bench.pull(stream, [[order('c', 2, null), order('d', 1, null)]]);
    await bench.apply(stream, target);
    const before = await bench.landed(stream, target);
    await bench.define({ [stream]: narrow });
    expect(await bench.rebuild(stream, target)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(
        /2 events of the log no longer fit .* 2 rows of \S+ show them \(event \d+: text: .*--accept-unfit/,
      ),
    });
    expect(await bench.landed(stream, target)).toEqual(before);
    expect(await bench.rebuild(stream, target, { acceptUnfit: true })).toMatchObject({
      report: { differences: { changed: 1, gone: 1, came: 0 }, unfit: { events: 2, rows: 2 }, applied: true },
    });
    expect((await bench.landed(stream, target)).map(({ values }) => values[2])).toEqual(['a 1', 'b 2', 'c 1']);
  });

  test('has a note of the events that it lacks, until one that is made anew has them', async () => {
    const { stream, target } = await landed();
    await bench.pull(stream, [[order('c', 2, null), order('d', 1, null)]]);
    await bench.define({ [stream]: narrow });
    await bench.apply(stream, target);
    const two = { events: 2, first: [{ path: 'text' }, { path: 'text' }] };
    expect(await bench.state(stream)).toMatchObject({ leftOut: two });
    // The new table lacks the same.
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { differences: none, applied: false } });
    expect(await bench.state(stream)).toMatchObject({ leftOut: two });
    await bench.define({ [stream]: definition });
    expect(await bench.rebuild(stream, target, { action: 'compare' })).toMatchObject({ report: { applied: false } });
    expect(await bench.state(stream)).toMatchObject({ leftOut: two });
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { applied: true } });
    expect(await bench.state(stream)).toMatchObject({ leftOut: null });
    await bench.rebuild(stream, target, { action: 'rollback' });
    expect(await bench.state(stream)).toMatchObject({ leftOut: two });
  });

  test('that is made anew has a note of what it lacks itself', async () => {
    const { stream, target } = await landed();
    await bench.pull(stream, [[order('c', 2, null), order('d', 1, null)]]);
    await bench.apply(stream, target);
    expect(await bench.state(stream)).toMatchObject({ leftOut: null });
    await bench.define({ [stream]: narrow });
    expect(await bench.rebuild(stream, target)).toMatchObject({ state: 'refused' });
    expect(await bench.state(stream)).toMatchObject({ leftOut: null });
    await bench.rebuild(stream, target, { acceptUnfit: true });
    expect(await bench.state(stream)).toMatchObject({ leftOut: { events: 2 } });
    await bench.pull(stream, [[order('d', 2)]]);
    await bench.apply(stream, target);
    expect(await bench.state(stream)).toMatchObject({ leftOut: { events: 1 } });
    // And so has one that was made anew to fill a column.
    const { properties } = wider.schema;
    const text = { type: 'string', enum: ['d 2'] };
    await bench.define({ [stream]: { ...wider, schema: { ...wider.schema, properties: { ...properties, text } } } });
    await bench.apply(stream, target);
    expect((await bench.landed(stream, target)).map(({ values }) => values[2])).toEqual(['d 2']);
    expect(await bench.state(stream)).toMatchObject({ leftOut: { events: 5 } });
  });

  test('keeps what a rebuild kept when loads fill a new column; brought back, it is filled as well', async () => {
    const { stream, target } = await landed();
    await edit(stream, target, { upserts: [['a', '1', 'mine']] });
    await bench.rebuild(stream, target);
    const { old } = await target.placed(await bench.tableOf(stream));
    await bench.define({ [stream]: wider });
    await bench.pull(stream, [[order('d', 1)]]);
    await bench.apply(stream, target);
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    expect((await target.placed(await bench.tableOf(stream))).old).toEqual(old);

    expect(await bench.rebuild(stream, target, { action: 'rollback' })).toMatchObject({
      state: 'done',
      report: { unfilled: ['more'] },
    });
    expect((await bench.landed(stream, target)).map(({ values }) => values.slice(2))).toEqual([
      ['mine', null],
      ['b 2', null],
      ['c 1', null],
    ]);
    await bench.apply(stream, target);
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    expect(await placesOf(bench, { stream, target })).toEqual(['live', 'old']);
  });

  test('that no rebuild has changed is not rolled back, and one that nobody writes there is named', async () => {
    const { stream, target } = await landed();
    await expect(bench.rebuild(stream, target, { action: 'rollback' })).rejects.toThrow(/there is nothing to restore/);
    await expect(bench.rebuild('nothing', target)).rejects.toThrow(`${PARTNER} has no stream nothing`);
  });
});

const manyRows = (change: (n: number) => string | undefined) =>
  Array.from({ length: 3000 }, (_, n) => change(n)).flatMap((value, n) =>
    value === undefined ? [] : [{ event: n, values: [`k${n}`, value] }],
  );

test('two tables of many rows are compared by their digests, whatever differs', async () => {
  const table: TargetTable = { schema: 's', table: 't', columns: [column('id', 'text')], keys: 1, rowPer: 'key' };
  const live = manyRows((n) => (n === 7 ? undefined : n % 1000 === 1 ? 'mine' : 'x'));
  const build = manyRows((n) => (n === 8 ? undefined : 'x'));
  const target = {
    // Only what is compared.
    async *rows(of: TargetTable) {
      yield* of.place === 'build' ? build : live;
    },
  } as unknown as Target;
  const compared = await compareRows(
    { target, live: table, build: { ...table, place: 'build' } },
    { events: new Set([1, 8]), mayGoOn: () => {} },
  );
  expect(compared).toEqual({ changed: 3, gone: 1, came: 1, ofEvents: 2 });
});
