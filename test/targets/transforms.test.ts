import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { ReadRow, Target, TargetTable } from '../../targets/target.ts';
import { changesOf, rowOf } from '../support/target-rows.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, PARTNER, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const KEY = '${SYNCLINE_TEST_KEY:-a key of thirty-two characters or more}';
const people = (transforms: NonNullable<StreamInput['transforms']>): Partial<StreamInput> => ({
  primaryKey: ['id'],
  targets: ['lake'],
  transforms,
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, email: { type: 'string' }, age: { type: 'integer' } },
  },
});
const person = (id: number): string => JSON.stringify({ id: `p${id}`, email: `p${id}@acme.example`, age: id });
const persons = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => person(from + i));

async function rowsOf(target: Target, table: TargetTable): Promise<ReadRow[]> {
  const rows: ReadRow[] = [];
  for await (const row of target.rows(table)) rows.push(row);
  return rows;
}

async function freshness(stream: string): Promise<{ state: string; reasons: string[] }> {
  const { rows } = await bench.pool.query('select state, reasons from freshness where partner = $1 and stream = $2', [
    PARTNER,
    stream,
  ]);
  return rows[0] as { state: string; reasons: string[] };
}

let streams = 0;
describe.each(kinds)('a table of other transforms in %s', (kind) => {
  const warehouse = useKind(kind);

  test('stays as it is until one made anew is as far, however often that is interrupted', async () => {
    const stream = `people${(streams += 1)}`;
    await bench.define({ [stream]: people({ email: { mask: { first: 1 } } }) });
    await bench.pull(stream, [persons(1, 6)]);
    const target = await warehouse.fresh();
    await bench.apply(stream, target);
    const before = await bench.tableOf(stream);
    const old = await rowsOf(target, before);

    await bench.define({ [stream]: people({ email: { encrypt: KEY }, age: { cast: 'text' } }) });
    await bench.pull(stream, [persons(5, 8)]);
    let loads = 0;
    const dying: Target = {
      ...target,
      apply: (table, changes) => {
        if ((loads += 1) > 2) throw new Error('the warehouse is down');
        return target.apply(table, changes);
      },
    };
    await expect(bench.apply(stream, dying, 2)).rejects.toThrow('down');
    expect(await rowsOf(target, before)).toEqual(old);
    expect(await freshness(stream)).toEqual({ state: 'reconciling', reasons: ['lake is 8 events behind'] });
    await expect(bench.rebuild(stream, target)).rejects.toThrow('the next load makes its table in lake anew');

    expect(await bench.apply(stream, target, 2)).toMatchObject({ state: 'caughtUp', event: 8, building: null });
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
    expect((await target.placed(before)).fill).toBeUndefined();
    expect(await freshness(stream)).toEqual({ state: 'final', reasons: [] });
    expect(await bench.rebuild(stream, target)).toMatchObject({
      report: { differences: { changed: 0, gone: 0, came: 0 }, applied: false },
    });
  });

  test('is not brought back by a rollback', async () => {
    const stream = `people${(streams += 1)}`;
    await bench.define({ [stream]: people({ email: { mask: true } }) });
    await bench.pull(stream, [persons(1, 3)]);
    const target = await warehouse.fresh();
    await bench.apply(stream, target);
    const table = await bench.tableOf(stream);
    const { event } = await target.open(table);
    const [first] = (await rowsOf(target, table)) as [ReadRow];
    await target.apply(
      table,
      changesOf(event, [rowOf(event, first.values.map((text, i) => (i === 1 ? 'edited' : text)) as string[])], {
        to: event,
      }),
    );
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { applied: true } });
    await bench.define({ [stream]: people({ email: { drop: true } }) });
    await bench.pull(stream, [[]]);
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp' });
    await expect(bench.rebuild(stream, target, { action: 'rollback' })).rejects.toThrow('made by other transforms');
    expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  });
});

const listed = (transforms: NonNullable<StreamInput['transforms']>) => ({
  ...people(transforms),
  targets: [],
  disposition: 'replace' as const,
});

describe('the table of a replace', () => {
  test('is made anew in the store before the next listing, whose rows are unchanged then', async () => {
    await bench.define({ listed: listed({ email: { mask: true } }) });
    await bench.pull('listed', [persons(1, 2)]);
    await bench.define({ listed: listed({ email: { hash: KEY } }) });
    expect(await bench.pull('listed', [persons(1, 3)])).toMatchObject({
      outcome: 'ok',
      counts: { unchanged: 2, inserted: 1 },
      reason: expect.stringContaining('transforms of shore.listed have changed'),
    });
    const shown = await bench.shown('listed');
    expect(new Set(shown.map(({ values }) => values.at(-1))).size).toBe(1);
    expect(shown.map(({ values }) => values[1]?.length)).toEqual([64, 64, 64]);
  });
});
