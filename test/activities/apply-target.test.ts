import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { listTargetStates, pauseTarget, resumeTarget, type TargetLag } from '../../store/target-states.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

const duckdb = useDuckdb();
let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const said = (text: object): Partial<StreamInput> => ({
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, text } },
});
const say = (id: number, text: string): string => `{"id":"${id}","text":"${text}"}`;
const many = (count: number, text: string): string[] => Array.from({ length: count }, (_, i) => say(i, text));

describe('a load into a target', () => {
  test('holds no more events than it may, and goes on until it is caught up', async () => {
    await bench.define({ many: said({ type: 'string' }) });
    await bench.pull('many', [many(25, 'one'), many(10, 'two')]);
    const target = await duckdb.open({ path: duckdb.newPath() });
    const sizes: number[] = [];
    const watched: typeof target = {
      ...target,
      apply: async (table, changes) => {
        sizes.push(changes.to - changes.from);
        await target.apply(table, changes);
      },
    };
    expect(await bench.apply('many', watched, 10)).toMatchObject({
      state: 'caughtUp',
      event: 35,
      lastEvent: 35,
      loads: 4,
    });
    expect(sizes).toEqual([10, 10, 10, 5]);
    expect(await bench.state('many')).toMatchObject({ cursor: 35, behindSince: null, error: null });
    expect(await bench.landed('many', target)).toEqual(await bench.shown('many'));
  });

  test('of a listing larger than a load may hold takes effect at once', async () => {
    await bench.define({ listed: { ...said({ type: 'string' }), disposition: 'replace' } });
    const target = await duckdb.open({ path: duckdb.newPath() });
    await bench.pull('listed', [many(25, 'one')]);
    await bench.apply('listed', target, 10);
    await bench.pull('listed', [many(22, 'two')]);
    const parts: number[] = [];
    const watched: typeof target = {
      ...target,
      applyTogether: (table, move, given) =>
        target.applyTogether(
          table,
          move,
          (async function* () {
            for await (const part of given) {
              parts.push(part.upserts.length + part.deletes.length);
              yield part;
            }
          })(),
        ),
    };
    expect(await bench.apply('listed', watched, 10)).toMatchObject({ state: 'caughtUp', rows: 25 });
    expect(parts.length).toBeGreaterThan(2);
    expect(Math.max(...parts)).toBeLessThanOrEqual(10);
    expect(await bench.landed('listed', target)).toEqual(await bench.shown('listed'));
    expect(await bench.shown('listed')).toHaveLength(22);
  });

  test('of a listing that has not ended changes nothing and is no lag, and is there with its end', async () => {
    await bench.define({ doubted: { ...said({ type: 'string' }), disposition: 'replace', fullListing: true } });
    const target = await duckdb.open({ path: duckdb.newPath() });
    const lag = async (): Promise<TargetLag | undefined> =>
      (await listTargetStates(bench.pool, { wanted: [{ target: 'lake', partner: PARTNER, stream: 'doubted' }] }))[0];
    await bench.pull('doubted', [many(20, 'one')]);
    expect(await lag()).toMatchObject({ cursor: 0, lastEvent: 21, behind: 21, behindSince: expect.any(String) });
    await bench.apply('doubted', target);
    expect(await lag()).toMatchObject({ cursor: 21, behind: 0, behindSince: null });
    // So many fewer than before that nobody believes it.
    expect(await bench.pull('doubted', [many(2, 'two')])).toMatchObject({ outcome: 'suspect' });
    expect(await lag()).toMatchObject({ cursor: 21, lastEvent: 21, behind: 0, behindSince: null });
    expect(await bench.apply('doubted', target)).toMatchObject({ state: 'caughtUp' });
    expect(await bench.landed('doubted', target)).toEqual(await bench.shown('doubted'));
    expect(await bench.landed('doubted', target)).toHaveLength(20);
    await bench.pull('doubted', [many(20, 'three')]);
    expect(await lag()).toMatchObject({ cursor: 23, lastEvent: 44, behind: 21, behindSince: expect.any(String) });
    await bench.apply('doubted', target);
    expect(await bench.landed('doubted', target)).toEqual(await bench.shown('doubted'));
  });

  test('into a file that was deleted begins anew', async () => {
    await bench.define({ deleted: said({ type: 'string' }) });
    await bench.pull('deleted', [many(5, 'one')]);
    const path = duckdb.newPath();
    const target = await duckdb.open({ path });
    await bench.apply('deleted', target);
    await rm(path);
    await bench.pull('deleted', [many(3, 'two')]);
    expect(await bench.apply('deleted', target)).toMatchObject({ state: 'caughtUp', event: 8 });
    expect(await bench.landed('deleted', target)).toEqual(await bench.shown('deleted'));
  });

  test('is refused where the target knows more than the log', async () => {
    await bench.define({ reset: said({ type: 'string' }) });
    await bench.pull('reset', [many(5, 'one')]);
    const target = await duckdb.open({ path: duckdb.newPath() });
    await bench.apply('reset', target);
    await bench.pool.query(`update streams set last_event = 3 where name = 'reset'`);
    const refused = bench.apply('reset', target);
    await expect(refused).rejects.toThrow(NeedsAttention);
    await expect(refused).rejects.toThrow(
      /reset stands at event 5, and the log of the store ends at 3: .*syncline rebuild/,
    );
  });

  test('leaves out what fits the definition no longer, and says so until something newer stands for it', async () => {
    await bench.define({ stricter: said({ type: 'string' }) });
    await bench.pull('stricter', [[...many(3, 'fine'), say(7, 'odd'), say(8, 'odd')]]);
    await bench.define({ stricter: said({ enum: ['fine'] }) });
    const target = await duckdb.open({ path: duckdb.newPath() });
    expect(await bench.apply('stricter', target)).toMatchObject({ state: 'caughtUp', event: 5, unfit: 2 });
    expect(await bench.landed('stricter', target)).toHaveLength(3);
    const place = { path: 'text', reason: expect.not.stringContaining('odd') };
    const both = {
      events: 2,
      first: [
        { event: 4, ...place },
        { event: 5, ...place },
      ],
    };
    expect(await bench.state('stricter')).toMatchObject({ leftOut: both, error: null });
    await bench.pull('stricter', [[say(9, 'fine')]]);
    expect(await bench.apply('stricter', target)).toMatchObject({ state: 'caughtUp', loads: 1, unfit: 0 });
    expect(await bench.state('stricter')).toMatchObject({ leftOut: both });
    await bench.pull('stricter', [[say(7, 'fine')]]);
    await bench.apply('stricter', target);
    expect(await bench.state('stricter')).toMatchObject({ leftOut: { events: 1, first: [{ event: 5, ...place }] } });
    await bench.pull('stricter', [[say(8, 'fine')]]);
    await bench.apply('stricter', target);
    expect(await bench.state('stricter')).toMatchObject({ leftOut: null });
    expect(await bench.landed('stricter', target)).toEqual(await bench.shown('stricter'));
  });

  test('that fails after it was noted what the table lacks notes it once', async () => {
    await bench.define({ noted: said({ type: 'string' }) });
    await bench.pull('noted', [[say(1, 'odd'), say(2, 'odd'), say(2, 'fine'), say(1, 'odd again')]]);
    await bench.define({ noted: said({ enum: ['fine'] }) });
    const target = await duckdb.open({ path: duckdb.newPath() });
    const failing = { ...target, apply: () => Promise.reject(new Error('the disk is full')) };
    for (let times = 0; times < 2; times++)
      await expect(bench.apply('noted', failing)).rejects.toThrow('the disk is full');
    await bench.apply('noted', target);
    expect(await bench.state('noted')).toMatchObject({ leftOut: { events: 2, first: [{ event: 1 }, { event: 4 }] } });
    expect(await bench.landed('noted', target)).toHaveLength(1);
  });

  test('does not begin while a person has paused the target, or where the stream was never read', async () => {
    await bench.define({ paused: said({ type: 'string' }) });
    const target = await duckdb.open({ path: duckdb.newPath() });
    expect(await bench.apply('paused', target)).toMatchObject({ state: 'caughtUp', event: 0, loads: 0 });
    await bench.pull('paused', [many(5, 'one')]);
    await pauseTarget(bench.pool, { target: 'lake', reason: 'the disk is full', by: 'ada' });
    expect(await bench.apply('paused', target)).toEqual({ state: 'paused', reason: 'the disk is full (ada)' });
    await resumeTarget(bench.pool, 'lake');
    expect(await bench.apply('paused', target)).toMatchObject({ state: 'caughtUp', event: 5 });
    await expect(bench.apply('nothing', target)).rejects.toThrow(`${PARTNER} has no stream nothing`);
  });
});
