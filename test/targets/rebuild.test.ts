import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { RebuildStep, RebuildStepped } from '../../messages/rebuild-target.ts';
import { compareRows } from '../../activities/apply/compare-rows.ts';
import { column, changesOf, rowOf } from '../support/target-rows.ts';
import { RetryLater } from '../../core/errors.ts';
import { erase } from '../../landing/erase.ts';
import type { Place, Target, TargetTable } from '../../targets/target.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, PARTNER, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const definition = {
  primaryKey: ['id'],
  version: ['v'],
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: ['string', 'null'] } },
  },
} satisfies Partial<StreamInput>;
const narrow = {
  ...definition,
  schema: { ...definition.schema, properties: { ...definition.schema.properties, text: { type: 'string' } } },
} satisfies Partial<StreamInput>;
const wider = {
  ...definition,
  schema: { ...definition.schema, properties: { ...definition.schema.properties, more: { type: 'integer' } } },
} satisfies Partial<StreamInput>;
const order = (id: string, v: number, text: string | null = `${id} ${v}`): string =>
  JSON.stringify({ id, v, text, more: v });
const none = { changed: 0, gone: 0, came: 0 };
let streams = 0;

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

/** Does something else first, the first time that this is asked of the table at this place. */
function before(target: Target, what: 'apply' | 'swap', place: Place, work: () => Promise<void>): Target {
  let done = false;
  const first = async (table: TargetTable): Promise<void> => {
    if (done || (table.place ?? 'live') !== place) return;
    done = true;
    await work();
  };
  return {
    ...target,
    [what]: async (table: TargetTable, given: never) => {
      await first(table);
      await target[what](table, given);
    },
  };
}

class Died extends Error {}

/** Dies once it has written so many times: between two writes nothing changes. */
function dying(target: Target, after: number): Target {
  let writes = 0;
  const mayDie = (): void => {
    if (writes === after) throw new Died();
  };
  const counted = Object.fromEntries(
    (['apply', 'swap', 'drop'] as const).map((what) => [
      what,
      async (table: TargetTable, given: never): Promise<void> => {
        mayDie();
        await target[what](table, given);
        writes += 1;
        mayDie();
      },
    ]),
  );
  return { ...target, ...counted };
}

/** The rebuild behind an erasure, as Temporal runs it: a step that has died is asked for once more. Returns whether one has. */
async function eraseDying(stream: string, target: Target, after: number): Promise<boolean> {
  const mortal = dying(target, after);
  let soFar: RebuildStep['soFar'] = null;
  let died = false;
  for (;;) {
    const step = { action: 'erase', logChanged: true, soFar } as const;
    try {
      const stepped: RebuildStepped = await bench.rebuildStep(stream, died ? target : mortal, step);
      if (stepped.state === 'done') return died;
      if (stepped.state === 'refused') throw new Error(stepped.reason);
      ({ soFar } = stepped);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      died = true;
    }
  }
}

/** After the next load. */
async function isRight(stream: string, target: Target): Promise<void> {
  expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
  expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  expect(await target.placed(await bench.tableOf(stream))).toMatchObject({ live: { unfilled: [] } });
}
const placesOf = async (stream: string, target: Target): Promise<string[]> =>
  Object.keys(await target.placed(await bench.tableOf(stream))).toSorted();

describe.each(kinds)('a table in a %s target', (kind) => {
  const warehouse = useKind(kind);

  async function landed(
    of: Partial<StreamInput> = definition,
  ): Promise<{ readonly stream: string; readonly target: Target }> {
    const stream = `r${(streams += 1)}`;
    await bench.define({ [stream]: of });
    await bench.pull(stream, [
      [order('a', 1), order('b', 1), order('c', 1)],
      [order('b', 2), order('a', 0)],
    ]);
    const target = await warehouse.fresh();
    await bench.apply(stream, target);
    return { stream, target };
  }

  /** With a record of the definition that it has now, which is not loaded yet. */
  async function widened(): ReturnType<typeof landed> {
    const { stream, target } = await landed();
    await bench.define({ [stream]: wider });
    await bench.pull(stream, [[order('d', 1)]]);
    return { stream, target };
  }

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

  test.each([
    ['and the record is in no table of the target', {}],
    ['also in small steps', { rows: 1 }],
  ] as const)('what a load read before it was erased does not come in afterwards, %s', async (_what, of) => {
    const { stream, target } = await landed();
    await bench.pull(stream, [[order('gone', 1), order('d', 1)]]);
    const meanwhile = before(target, 'apply', 'live', async () => {
      const [who, compiled] = [{ reason: 'asked', by: 'a test' }, await bench.compiled(stream)];
      await erase(bench.pool, { stream: compiled, whose: { key: 'gone' }, ...who, dryRun: false });
      const step = { action: 'erase', logChanged: true, ...of } as const;
      expect(await bench.rebuild(stream, target, step)).toMatchObject({ state: 'done' });
    });
    const refused: unknown = await bench.apply(stream, meanwhile).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refused === null || refused instanceof RetryLater).toBe(true);
    expect((await bench.landed(stream, target)).map(({ values }) => values[0])).toEqual(['a', 'b', 'c', 'd']);
    await isRight(stream, target);
  });

  test('what was erased is gone, wherever a worker died that made the table anew, or brought it up to the log before', async () => {
    const { stream, target } = await landed();
    const compiled = await bench.compiled(stream);
    let writes = 0;
    for (let died = true; died; writes += 1) {
      const key = `gone${writes}`;
      await bench.pull(stream, [[order(key, 1), order('d', writes + 1)]]);
      await erase(bench.pool, { stream: compiled, whose: { key }, reason: 'asked', by: 'a test', dryRun: false });
      died = await eraseDying(stream, target, writes);
      expect((await bench.landed(stream, target)).map(({ values }) => values[0])).toEqual(['a', 'b', 'c', 'd']);
      expect(await placesOf(stream, target)).toEqual(['live']);
      await isRight(stream, target);
    }
    // The load before, the one beside, the swap, and the old one.
    expect(writes).toBeGreaterThan(4);
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
    expect(await placesOf(stream, target)).toEqual(['live', 'old']);
  });

  describe('that is rebuilt while loads fill a new column of it', () => {
    test('is right: the rebuild goes on between two loads that fill', async () => {
      const { stream, target } = await widened();
      const rebuilt: RebuildStepped[] = [];
      const filling = before(target, 'apply', 'fill', async () => {
        rebuilt.push(await bench.rebuild(stream, target));
      });
      await expect(bench.apply(stream, filling, 2)).rejects.toThrow(RetryLater);
      expect(rebuilt).toMatchObject([{ state: 'done', report: { applied: true } }]);
      await isRight(stream, target);
      expect(await placesOf(stream, target)).toEqual(['live', 'old']);
    });

    test('is right: the column is filled between two steps of the rebuild', async () => {
      const { stream, target } = await widened();
      const building = before(target, 'apply', 'build', async () => {
        expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
      });
      expect(await bench.rebuild(stream, building, { rows: 2 })).toMatchObject({
        state: 'done',
        report: { differences: none, applied: false },
      });
      await isRight(stream, target);
      expect(await placesOf(stream, target)).toEqual(['live']);
    });

    test('is right: the column is filled after the tables were compared', async () => {
      const { stream, target } = await widened();
      const failing = before(target, 'apply', 'fill', () => Promise.reject(new Error('the disk is full')));
      await expect(bench.apply(stream, failing)).rejects.toThrow('the disk is full');
      const swapping = before(target, 'swap', 'live', async () => {
        await bench.apply(stream, target);
      });
      await expect(bench.rebuildStep(stream, swapping, { patient: true })).rejects.toThrow(RetryLater);
      expect(await bench.rebuild(stream, target)).toMatchObject({ report: { differences: none, applied: false } });
      await isRight(stream, target);
      expect(await placesOf(stream, target)).toEqual(['live']);
    });
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
