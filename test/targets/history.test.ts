import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, integer, record, shuffledSubarray } from 'fast-check';
import { historyColumns } from '../../core/history-columns.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { applyPoints, type ApplyPoint } from '../../targets/apply-points.ts';
import type { ReadRow, Target } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { changesOf } from '../support/target-rows.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';
import { naming, scenarios } from './scenarios.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

let streams = 0;
const history = (stream: string): string => `${stream}.history`;
const OWN = historyColumns.length;

/** What the history says of a row's version: from, to, current, deleted, number. */
const saidOf = ({ values }: ReadRow): readonly (string | null)[] => values.slice(-OWN);
const currentOf = (rows: readonly ReadRow[]): readonly ReadRow[] =>
  rows.filter((row) => saidOf(row)[2] === 'true').map((row) => ({ ...row, values: row.values.slice(0, -OWN) }));
const sorted = (rows: readonly ReadRow[]): readonly ReadRow[] => rows.toSorted((a, b) => a.event - b.event);

async function caughtUp(name: string, target: Target, rows?: number): Promise<readonly ReadRow[]> {
  for (;;) {
    const applied = await bench.apply(name, target, rows);
    expect(applied).toMatchObject({ unfit: 0 });
    if (applied.state === 'caughtUp') return bench.landed(name, target);
  }
}

const versioned = {
  primaryKey: ['id'],
  version: ['at'],
  history: true,
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' }, text: { type: 'string' } },
  },
} satisfies Partial<StreamInput>;
const order = (id: string, second: number, text: string, more: object = {}): string =>
  JSON.stringify({ id, at: `2026-11-01T10:00:0${second}Z`, text, ...more });
const at = (second: number): string => `2026-11-01T10:00:0${second}.000000Z`;

async function begun(of: Partial<StreamInput> = versioned): Promise<string> {
  const stream = `h${(streams += 1)}`;
  await bench.define({ [stream]: of });
  await bench.pull(stream, [[order('a', 1, 'first'), order('b', 1, 'one')], [order('a', 5, 'last')]]);
  return stream;
}

describe('a history', () => {
  const warehouses = kinds.map(useKind);
  let declared: readonly TargetDefinition[];
  beforeAll(async () => {
    declared = await Promise.all(warehouses.map((each) => each.declare()));
  });
  const keyed = scenarios.filter(
    ({ stream: { primaryKey = [], disposition } }) => primaryKey.length > 0 && disposition !== 'append',
  );

  test.each(keyed)(
    'is the same in each kind of target, load by load and at once, and its current rows are the table: $name',
    async ({ stream: definition, steps }) => {
      const stream = `h${(streams += 1)}`;
      await bench.define({ [stream]: { ...naming(stream, definition), history: true } });
      const targets = await Promise.all(warehouses.map((each, i) => each.open(declared[i] as TargetDefinition)));
      for (const step of steps) {
        if (step === 'replay') await bench.replay(stream);
        else if ('define' in step) await bench.define({ [stream]: { ...naming(stream, step.define), history: true } });
        else await bench.pull(stream, step.pages);
        for (const target of targets) await caughtUp(history(stream), target, 2);
      }
      const [first, second] = await Promise.all(targets.map((target) => bench.landed(history(stream), target)));
      expect(second).toEqual(first);
      const there = (await bench.shown(stream)).filter(({ deletedAt }) => deletedAt === undefined);
      expect(sorted(currentOf(first as readonly ReadRow[]))).toEqual(sorted(there));
      for (const target of targets) {
        await target.drop(await bench.tableOf(history(stream)));
        expect(await caughtUp(history(stream), target)).toEqual(first);
      }
    },
  );
});

/** What the history says of the records, without where they come from and when. */
const meaning = (rows: readonly ReadRow[]): readonly string[] =>
  rows.map(({ values }) => JSON.stringify(values.slice(0, -1))).toSorted();

/** Records of one version are the same each time. */
const pages = (records: readonly { readonly id: string; readonly second: number }[], cut: number): string[][] => {
  const lines = records.map(({ id, second: at }) => order(id, at, `${id} ${at}`));
  return [lines.slice(0, cut), lines.slice(cut)].filter((page) => page.length > 0);
};

/** Each order is read, and loaded into each kind of target, again and again. */
const LONG_MS = 600_000;

describe('a history, by the store and its log', () => {
  const warehouses = kinds.map(useKind);
  const second = integer({ min: 0, max: 9 });
  const arrivals = array(record({ id: constantFrom('a', 'b', 'c'), second }), { minLength: 5, maxLength: 25 });

  test(
    'is the same whatever the order, repetition, pages, readings and loads',
    async () => {
      const targets = await Promise.all(warehouses.map((each) => each.fresh()));
      const shuffled = arrivals.chain((once) =>
        shuffledSubarray([...once, ...once], { minLength: 2 * once.length }).map((other) => ({ once, other })),
      );
      await assert(
        asyncProperty(
          shuffled,
          integer({ min: 1, max: 20 }),
          integer({ min: 1, max: 7 }),
          async ({ once, other }, cut, rows) => {
            const [a, b] = [`h${(streams += 1)}`, `h${(streams += 1)}`];
            await bench.define({ [a]: versioned, [b]: versioned });
            await bench.pull(a, pages(once, once.length));
            const found = await Promise.all(targets.map((target) => caughtUp(history(a), target)));
            for (const page of pages(other, cut)) {
              await bench.pull(b, [page]);
              for (const target of targets) await caughtUp(history(b), target, rows);
            }
            const others = await Promise.all(targets.map((target) => bench.landed(history(b), target)));
            expect(found[1]).toEqual(found[0]);
            expect(others[1]).toEqual(others[0]);
            expect(meaning(others[0] as readonly ReadRow[])).toEqual(meaning(found[0] as readonly ReadRow[]));
          },
        ),
        { numRuns: long ? 60 : 2 },
      );
    },
    LONG_MS,
  );
});

describe.each(kinds)('a history in a %s target', (kind) => {
  const warehouse = useKind(kind);
  let declared: TargetDefinition;
  beforeAll(async () => {
    declared = await warehouse.declare();
  });
  /** What the log alone makes, at once. */
  async function anew(stream: string): Promise<readonly ReadRow[]> {
    const other = await warehouse.open(declared);
    await other.drop(await bench.tableOf(history(stream)));
    return caughtUp(history(stream), other);
  }

  test('has a late version between two, and three events of one second', async () => {
    const stream = await begun();
    const target = await warehouse.open(declared);
    await caughtUp(history(stream), target);
    await bench.pull(stream, [[order('a', 3, 'late'), order('b', 1, 'two'), order('b', 1, 'three')]]);
    const rows = await caughtUp(history(stream), target);
    const said = rows.map((row) => [row.values[0], row.values[2], ...saidOf(row).slice(0, 5)]);
    const numbered = said.toSorted((a, b) => `${a[0]} ${a[6]}`.localeCompare(`${b[0]} ${b[6]}`));
    expect(numbered).toEqual([
      ['a', 'first', at(1), at(3), 'false', 'false', '1'],
      ['a', 'late', at(3), at(5), 'false', 'false', '2'],
      ['a', 'last', at(5), null, 'true', 'false', '3'],
      ['b', 'one', at(1), at(1), 'false', 'false', '1'],
      ['b', 'two', at(1), at(1), 'false', 'false', '2'],
      ['b', 'three', at(1), null, 'true', 'false', '3'],
    ]);
  });

  test('that is struck anywhere in a load is as if it had not begun, or done', async () => {
    const stream = await begun();
    let strikes: ApplyPoint | undefined;
    const target = await warehouse.open(declared, (point) => {
      if (point === strikes) throw new Error('struck');
    });
    const before = await caughtUp(history(stream), target);
    await bench.pull(stream, [[order('a', 3, 'late'), order('c', 1, 'new')]]);
    const found: (readonly ReadRow[])[] = [];
    for (const point of applyPoints) {
      strikes = point;
      await expect(bench.apply(history(stream), target)).rejects.toThrow('struck');
      found.push(await bench.landed(history(stream), target));
    }
    strikes = undefined;
    const after = await caughtUp(history(stream), target);
    expect(after).toHaveLength(before.length + 2);
    expect(found).toEqual(applyPoints.map((point) => (point === 'committed' ? after : before)));
    expect(await anew(stream)).toEqual(after);
  });

  test('that somebody dropped or emptied is made again; one that somebody changed is found by a rebuild', async () => {
    const stream = await begun();
    const target = await warehouse.open(declared);
    const rows = await caughtUp(history(stream), target);
    const table = await bench.tableOf(history(stream));
    await target.drop(table);
    expect(await caughtUp(history(stream), target)).toEqual(rows);
    const { event } = await target.open(table);
    await target.apply(table, changesOf(event, [], { to: event, deletes: [['a']] }));
    expect(await bench.rebuild(history(stream), target)).toMatchObject({
      state: 'done',
      report: { applied: true, differences: { changed: 0, gone: 0, came: 2 } },
    });
    expect(await bench.landed(history(stream), target)).toEqual(rows);
    expect(await bench.rebuild(history(stream), target, { action: 'rollback' })).toMatchObject({ state: 'done' });
    expect(await bench.landed(history(stream), target)).toHaveLength(1);
  });

  test('that has versions which retention took out of the log is not made anew without them', async () => {
    const stream = await begun();
    const target = await warehouse.open(declared);
    const rows = await caughtUp(history(stream), target);
    const { rows: found } = await bench.pool.query<{ id: number }>(
      'update streams set log_from = 2 where name = $1 returning stream_id as id',
      [stream],
    );
    await bench.pool.query(`delete from events_${found[0]?.id} where event = 1`);
    expect(await bench.rebuild(history(stream), target)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/retention has removed events .* below 2: .* would lack 1 versions that it has/),
    });
    expect(await caughtUp(history(stream), target)).toEqual(rows);
  });

  test('fills a new column in all versions', async () => {
    const stream = await begun();
    const target = await warehouse.open(declared);
    await bench.pull(stream, [[order('a', 6, 'more', { size: 7 })]]);
    await caughtUp(history(stream), target);
    const { properties } = versioned.schema;
    const wider = { ...versioned.schema, properties: { ...properties, size: { type: 'integer' } } };
    await bench.define({ [stream]: { ...versioned, schema: wider } });
    await bench.pull(stream, [[order('a', 7, 'most', { size: 8 })]]);
    const rows = await caughtUp(history(stream), target, 1);
    expect(rows.map(({ values }) => values[3]).filter((size) => size !== null)).toEqual(['7', '8']);
    expect(await anew(stream)).toEqual(rows);
  });

  test('of a stream with transforms has their stamp in deletions too: it is not made anew again and again', async () => {
    const stream = `h${(streams += 1)}`;
    const { properties } = versioned.schema;
    const schema = { ...versioned.schema, properties: { ...properties, gone: { type: 'boolean' } } };
    await bench.define({
      [stream]: { ...versioned, schema, deletes: { field: 'gone' }, transforms: { text: { mask: true } } },
    });
    await bench.pull(stream, [[order('z', 1, 'unknown', { gone: true })]]);
    const target = await warehouse.open(declared);
    expect(await caughtUp(history(stream), target)).toHaveLength(1);
    expect(await bench.apply(history(stream), target)).toMatchObject({ state: 'caughtUp', loads: 0, building: null });
    await bench.pull(stream, [[order('a', 1, 'secret')]]);
    const rows = await caughtUp(history(stream), target);
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toContain('secret');
  });

  test('of listings has gaps, a table of its own name, columns with a prefix, and times of arrival', async () => {
    const stream = await begun({
      ...versioned,
      disposition: 'replace',
      history: { table: `past_${streams + 1}`, validFrom: 'received', prefix: 'row_' },
    });
    const target = await warehouse.open(declared);
    await caughtUp(history(stream), target);
    const others = ['b', 'c', 'd'].map((id) => order(id, 1, 'one'));
    await bench.pull(stream, [[order('a', 5, 'last')], others]);
    await bench.pull(stream, [others]);
    await bench.pull(stream, [[order('a', 0, 'twice'), order('a', 1, 'back')], others]);
    const rows = (await caughtUp(history(stream), target, 1)).filter(({ values }) => values[0] === 'a');
    expect(rows.map((row) => [row.values[2], ...saidOf(row).slice(2, 5)])).toEqual([
      ['last', 'false', 'false', '1'],
      [null, 'false', 'true', '2'],
      ['back', 'true', 'false', '3'],
    ]);
    for (const [i, row] of rows.entries())
      expect(saidOf(row)[1]).toBe(rows[i + 1] === undefined ? null : saidOf(rows[i + 1] as ReadRow)[0]);
    const { table, columns } = await bench.tableOf(history(stream));
    expect([table, columns.slice(-OWN)[0]?.name]).toEqual([`past_${streams}`, 'row_valid_from']);
  });
});
