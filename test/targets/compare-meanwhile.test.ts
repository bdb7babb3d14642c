import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { erase } from '../../landing/erase.ts';
import { takeUndosBack, undoRuns } from '../../landing/undo-run.ts';
import { closeComparison } from '../../store/comparisons/close-comparison.ts';
import { BUCKETS } from '../../targets/bucket-sums.ts';
import type { Target } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { changesOf } from '../support/target-rows.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, PARTNER, type CompareOf, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const given = { by: 'tester', reason: 'a test' } as const;
const definition = {
  primaryKey: ['id'],
  version: ['v'],
  targets: ['lake'],
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, v: { type: 'integer' } },
  },
} satisfies Partial<StreamInput>;
const order = (id: string, v: number): string => JSON.stringify({ id, v, more: `${id} ${v}` });
const ids = Array.from({ length: 20 }, (_, i) => `k${i}`);
let streams = 0;

interface World {
  readonly stream: string;
  readonly target: Target;
  /** What the last run brought: two new rows, and another version of two. */
  readonly lastRun: string;
}

/** Where something may happen during the second look. */
const moments = ['before it', 'before rows are read', 'between the two sides', 'while rows are read'] as const;
type Moment = (typeof moments)[number];

/** So long it is waited for what may need a lock that the comparison holds: what is found is the same whether it has ended by then. */
const BLOCKED_MS = 500;

/** Those that were wrong once, and one that makes the table anew. */
const telling = [
  'a sync and a load between the two sides',
  'an undo and a load between the two sides',
  'an erasure between the two sides',
  'another definition before it',
  'another definition before rows are read',
  'a rebuild between the two sides',
];

/** Of a table that is being read. Another table takes the place of one in the target only, which is not open yet between the two sides. */
const locks: Readonly<Record<string, readonly Moment[]>> = {
  'another definition': ['between the two sides', 'while rows are read'],
  'a rebuild': ['while rows are read'],
  'an erasure': ['while rows are read'],
};

/** A second look in which something happens once; `over` comes back when that has ended. */
function disturbed(
  { moment, what }: { readonly moment: Moment; readonly what: string },
  target: Target,
  happens: () => Promise<void>,
): { readonly busy: Target; readonly of: CompareOf; readonly over: () => Promise<void> } {
  let happening: Promise<void> | undefined;
  const once = async (): Promise<void> => {
    if (happening !== undefined) return;
    happening = happens();
    const mayBlock = locks[what]?.includes(moment) === true;
    await (mayBlock ? Promise.race([happening, wait(BLOCKED_MS)]) : happening);
  };
  const busy: Target = {
    ...target,
    async *some(table, asked) {
      if (moment === 'between the two sides') await once();
      let isFirst = true;
      for await (const row of target.some(table, asked)) {
        if (isFirst && moment === 'while rows are read') await once();
        isFirst = false;
        yield row;
      }
    },
  };
  const store = (own: Target): Target => ({
    ...own,
    async *some(table, asked) {
      if (moment === 'before rows are read') await once();
      yield* own.some(table, asked);
    },
  });
  return { busy, of: moment === 'before it' ? { between: once } : { store }, over: async () => happening };
}

/** Somebody deletes rows by hand. */
async function edit(stream: string, target: Target, gone: readonly string[]): Promise<void> {
  const table = await bench.tableOf(stream);
  const event = (await target.placed(table)).live?.event ?? 0;
  await target.apply(table, changesOf(event, [], { to: event, deletes: gone.map((id) => [id]) }));
}
const eraseIn = async (stream: string): Promise<void> => {
  await erase(bench.pool, { stream: await bench.streamOf(stream), whose: { key: 'k7' }, dryRun: false, ...given });
};
const load = async ({ stream, target }: World): Promise<void> => {
  await bench.apply(stream, target);
};
const undo = async ({ stream, lastRun }: World): Promise<void> => {
  await undoRuns(bench.pool, {
    runs: [{ stream: await bench.streamOf(stream), syncId: lastRun }],
    dryRun: false,
    ...given,
  });
};

describe.each(kinds.filter((kind) => long || kind === 'postgres'))('a %s target that is compared', (kind) => {
  const warehouse = useKind(kind);
  let declared: TargetDefinition;
  beforeAll(async () => {
    declared = await warehouse.declare();
  });

  async function landed(): Promise<World> {
    const stream = `m${(streams += 1)}`;
    await bench.define({ [stream]: definition });
    await bench.pull(stream, [ids.map((id) => order(id, 1))]);
    await bench.pull(stream, [[order('k1', 2), order('k2', 2), order('n1', 1), order('n2', 1)]]);
    const target = await warehouse.open(declared);
    await bench.apply(stream, target);
    const { rows } = await bench.pool.query<{ id: string }>(
      `select r.sync_id as id from syncline.stream_runs r join syncline.streams s using (stream_id) where s.name = $1 order by r.run_no desc limit 1`,
      [stream],
    );
    return { stream, target, lastRun: rows[0]?.id ?? '' };
  }
  const happenings: Readonly<Record<string, (world: World) => Promise<void>>> = {
    'a sync and a load': async (world) => {
      await bench.pull(world.stream, [[order('k3', 9), order('x', 1)]]);
      await load(world);
    },
    'a sync': async ({ stream }) => {
      await bench.pull(stream, [[order('k3', 9), order('x', 1)]]);
    },
    'an undo and a load': async (world) => {
      await undo(world);
      await load(world);
    },
    'an undo that is taken back': async (world) => {
      await undo(world);
      await load(world);
      await takeUndosBack(bench.pool, {
        runs: [{ stream: await bench.streamOf(world.stream), syncId: world.lastRun }],
        dryRun: false,
        ...given,
      });
    },
    'an erasure, at first in the store': async ({ stream }) => {
      await eraseIn(stream);
    },
    'an erasure': async ({ stream, target }) => {
      await eraseIn(stream);
      await bench.rebuild(stream, target);
    },
    'a rebuild': async ({ stream, target }) => {
      await bench.rebuild(stream, target);
    },
    'another definition': async (world) => {
      const { properties } = definition.schema;
      await bench.define({
        [world.stream]: {
          ...definition,
          schema: { ...definition.schema, properties: { ...properties, more: { type: 'string' } } },
        },
      });
      await bench.pull(world.stream, [[order('k3', 9)]]);
    },
  };
  const all = moments.flatMap((moment) => Object.keys(happenings).map((what) => ({ moment, what })));
  const cases = all.filter(({ moment, what }) => long || telling.includes(`${what} ${moment}`));

  test.each(cases)('$what $moment: what somebody did there is found, and nothing else', async ({ moment, what }) => {
    const world = await landed();
    const { stream, target } = world;
    await edit(stream, target, ['k15']);
    const { busy, of, over } = disturbed({ moment, what }, target, () =>
      (happenings[what] as (of: World) => Promise<void>)(world),
    );
    const compared = await bench.compare(stream, everyBucketDiffers(busy), of);
    await over();
    const found = compared.found.map((one) => `${one.kind} ${one.key}`);
    const isHealed = ['a rebuild', 'an erasure'].includes(what) && moment !== 'while rows are read';
    // The target cannot follow while it is compared here.
    const isOpen = what === 'another definition' && moment === 'before it' && compared.verdict === 'unproven';
    const why = { verdict: compared.verdict, reason: compared.reason };
    expect({ found, why }).toEqual({ found: isHealed || isOpen ? [] : ['missing k15'], why });
  });

  test('one that has ended says the same to an attempt that comes later, and names nobody who was erased', async () => {
    const { stream, target } = await landed();
    await edit(stream, target, ['k15']);
    const runId = `late ${kind}`;
    const first = await bench.compare(stream, target, { runId });
    expect(first).toMatchObject({ verdict: 'differs', missing: 1 });
    await bench.rebuild(stream, target);
    expect({ ...(await bench.compare(stream, target, { runId })), steps: first.steps }).toEqual(first);
    await edit(stream, target, ['k15', 'k7']);
    // Its worker was about to write down what it had found.
    const { rows } = await bench.pool.query<{ comparison: number; stream_id: number; event: string }>(
      `insert into syncline.target_comparisons (run_id, target, stream_id, table_name) select $1, 'lake', stream_id, name from syncline.streams where name = $2
        returning comparison, stream_id, (select max(_event) from ${PARTNER}.${stream} where id = 'k7') as event`,
      [`erased ${kind}`, stream],
    );
    const [{ comparison, stream_id: streamId, event } = { comparison: 0, stream_id: 0, event: '' }] = rows;
    await eraseIn(stream);
    const closing = closeComparison(bench.pool, {
      ...{ comparison, streamId, verdict: 'differs', reason: null, inFlight: 0, leftOut: 0, targetEvent: 1 },
      counts: { missing: 1, extra: 0, different: 0 },
      differences: [{ kind: 'missing', key: 'k7', storeEvent: Number(event), targetEvent: null }],
    });
    await expect(closing).rejects.toThrow('was erased meanwhile');
    expect(await bench.compare(stream, target, { runId: `erased ${kind}` })).toMatchObject({
      found: [{ kind: 'missing', key: 'k15' }],
    });
  });
});

/** As in a large table, where each bucket has many rows: all of them are looked at. */
const everyBucketDiffers = (target: Target): Target => ({
  ...target,
  async sums(table) {
    const summed = await target.sums(table);
    for (let bucket = 0; bucket < BUCKETS; bucket++) summed.sums.add(bucket, { rows: 0, sum: 1n });
    return summed;
  },
});
