import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { renameColumns } from '../../landing/rename-columns.ts';
import { retypeColumns } from '../../landing/retype-columns.ts';
import type { Target } from '../../targets/target.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const of = (properties: Record<string, unknown>, more: Partial<StreamInput> = {}): Partial<StreamInput> => ({
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, ...properties } },
  ...more,
});
const line = (record: object): string => JSON.stringify(record);

/** `syncline plan --apply`, and a run. */
async function apply(stream: string): Promise<void> {
  const compiled = await bench.streamOf(stream);
  await renameColumns(bench.pool, compiled);
  await retypeColumns(bench.pool, { stream: compiled, acceptUnfit: true });
  await bench.pull(stream, [[]]);
}

/** Shows what the store shows, and what a table made anew from the log would. */
async function isRight(stream: string, target: Target): Promise<void> {
  expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp' });
  expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  expect(await bench.rebuild(stream, target, { action: 'compare' })).toMatchObject({
    report: { differences: { changed: 0, gone: 0, came: 0 } },
  });
}
let streams = 0;

describe.each(kinds)('a table in a %s target', (kind) => {
  const warehouse = useKind(kind);

  async function landed(definition: Partial<StreamInput>, records: readonly string[]) {
    const stream = `shape${(streams += 1)}`;
    await bench.define({ [stream]: definition });
    await bench.pull(stream, [records]);
    const target = await warehouse.fresh();
    await bench.apply(stream, target);
    const ids = async (tables = [stream]): Promise<unknown[]> =>
      Promise.all(tables.map(async (name) => (await target.placed(await bench.tableOf(name))).live?.id));
    return { stream, target, ids };
  }

  test('gets new names in place, after the store has them: its history, numbers that no column holds, a key', async () => {
    const { stream, target, ids } = await landed(
      of({ amount: { type: 'number' }, note: { type: 'string' } }, { history: true }),
      ['{"id":"a","amount":0.1234567890123456789012345,"note":"x"}', '{"id":"b","amount":2}'],
    );
    const tables = [stream, `${stream}.history`];
    await bench.apply(`${stream}.history`, target);
    const before = await ids(tables);
    await bench.define({
      [stream]: of(
        {},
        {
          history: true,
          primaryKey: ['number'],
          schema: {
            type: 'object',
            properties: {
              number: { type: 'string', was: 'id' },
              total: { type: 'number', was: 'amount' },
              Note: { type: 'string', was: 'note' },
            },
          },
        },
      ),
    });
    await expect(bench.apply(stream, target)).rejects.toThrow(
      /\.id is called number by the definition: that is done here once/,
    );
    await apply(stream);
    await bench.pull(stream, [[line({ number: 'a', total: 3 }), line({ id: 'c', amount: 4, note: 'y' })]]);
    await isRight(stream, target);
    await bench.apply(`${stream}.history`, target);
    expect(await ids(tables)).toEqual(before);
    expect(
      new Set((await bench.landed(`${stream}.history`, target)).map(({ values }) => values.slice(0, 3).join())),
    ).toEqual(new Set(['a,0.1234567890123456789012345,x', 'a,3,', 'b,2,', 'c,4,y']));
  });

  test('gets what came under the new name before, from the log', async () => {
    const { stream, target } = await landed(of({ amount: { type: 'integer' } }), [
      line({ id: 'a', amount: 1 }),
      line({ id: 'b', total: 2 }),
    ]);
    await bench.define({ [stream]: of({ total: { type: 'integer', was: 'amount' } }) });
    await apply(stream);
    await bench.apply(stream, target);
    await isRight(stream, target);
    expect((await bench.landed(stream, target)).map(({ values }) => values)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  test('gets wider types in place: integers as numbers, days as times', async () => {
    const { stream, target, ids } = await landed(
      of({ n: { type: 'integer' }, at: { type: 'string', format: 'date' } }),
      [
        line({ id: 'a', n: 9007199254740991, at: '2026-07-31' }),
        '{"id":"b","n":-900719925474099123,"at":"0001-01-01"}',
        line({ id: 'c' }),
      ],
    );
    const before = await ids();
    await bench.define({
      [stream]: of(
        { n: { type: 'number' }, at: { type: 'string', format: 'date-time' } },
        { times: { at: { formats: ['iso', 'date'], zone: 'UTC' } } },
      ),
    });
    await expect(bench.apply(stream, target)).rejects.toThrow(/gets a wider type: that is done here once/);
    await apply(stream);
    await bench.pull(stream, [[line({ id: 'd', n: 1.5, at: '2026-07-31T01:02:03Z' })]]);
    await isRight(stream, target);
    expect(await ids()).toEqual(before);
  });

  test('that cannot be changed in place says so, and a rebuild makes it anew', async () => {
    const { stream, target } = await landed(of({ at: { type: 'string', format: 'date-time' } }, { history: false }), [
      line({ id: 'a', at: '2026-01-02T03:04:05+01:00' }),
    ]);
    await bench.define({ [stream]: of({ at: { type: 'string' } }, { history: false }) });
    await apply(stream);
    await expect(bench.apply(stream, target)).rejects.toThrow(/build the table anew \(syncline rebuild\)/);
    expect(await bench.rebuild(stream, target, { action: 'compare' })).toMatchObject({
      report: { differences: { changed: 1 }, applied: false },
    });
    expect(await bench.rebuild(stream, target)).toMatchObject({
      report: { differences: { changed: 1 }, applied: true },
    });
    expect((await bench.landed(stream, target)).map(({ values }) => values)).toEqual([
      ['a', '2026-01-02T03:04:05+01:00'],
    ]);
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp' });
    await expect(bench.rebuild(stream, target, { action: 'rollback' })).rejects.toThrow(/has other types \(at\)/);
  });

  test('gains the columns that the store makes by itself of fields that no schema names', async () => {
    const { stream, target } = await landed(of({}, { onMismatch: { newFields: 'columns' } }), [
      line({ id: 'a', n: 1.5 }),
    ]);
    await bench.pull(stream, [[line({ id: 'b', n: 2, o: { k: 1 } })]]);
    // Rows from before are filled by a table that is made beside.
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp' });
    await isRight(stream, target);
    expect((await bench.tableOf(stream)).columns.map(({ name }) => name)).toEqual(['id', 'n', 'o']);
  });
});
