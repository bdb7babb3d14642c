import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RetryLater } from '../../core/errors.ts';
import { erase } from '../../landing/erase.ts';
import type { RebuildStep, RebuildStepped } from '../../messages/rebuild-target.ts';
import type { Place, Target, TargetTable } from '../../targets/target.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';
import { isRight, landedOrders, none, order, placesOf, wider, type Orders } from './rebuild-orders.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

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

describe.each(kinds)('a table in a %s target that is rebuilt', (kind) => {
  const warehouse = useKind(kind);
  const landed = (): Promise<Orders> => landedOrders(bench, warehouse);

  /** With a record of the definition that it has now, which is not loaded yet. */
  async function widened(): Promise<Orders> {
    const { stream, target } = await landed();
    await bench.define({ [stream]: wider });
    await bench.pull(stream, [[order('d', 1)]]);
    return { stream, target };
  }

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
    await isRight(bench, { stream, target });
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
      expect(await placesOf(bench, { stream, target })).toEqual(['live']);
      await isRight(bench, { stream, target });
    }
    // The load before, the one beside, the swap, and the old one.
    expect(writes).toBeGreaterThan(4);
  });

  describe('while loads fill a new column of it', () => {
    test('is right: the rebuild goes on between two loads that fill', async () => {
      const { stream, target } = await widened();
      const rebuilt: RebuildStepped[] = [];
      const filling = before(target, 'apply', 'fill', async () => {
        rebuilt.push(await bench.rebuild(stream, target));
      });
      await expect(bench.apply(stream, filling, 2)).rejects.toThrow(RetryLater);
      expect(rebuilt).toMatchObject([{ state: 'done', report: { applied: true } }]);
      await isRight(bench, { stream, target });
      expect(await placesOf(bench, { stream, target })).toEqual(['live', 'old']);
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
      await isRight(bench, { stream, target });
      expect(await placesOf(bench, { stream, target })).toEqual(['live']);
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
      await isRight(bench, { stream, target });
      expect(await placesOf(bench, { stream, target })).toEqual(['live']);
    });
  });
});
