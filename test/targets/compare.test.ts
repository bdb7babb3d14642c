import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Target } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { changesOf, rowOf } from '../support/target-rows.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';

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
const deletes = { field: 'gone', equals: true } as const;
const order = (id: string, v: number, more: object = {}): string =>
  JSON.stringify({ id, v, text: `${id} ${v}`, tags: { b: v, a: [1.5, id] }, ...more });
const ids = Array.from({ length: 30 }, (_, i) => `k${i}`);
let streams = 0;

/** What somebody who can write to the warehouse does by hand: other rows under the same cursor. */
async function edit(
  stream: string,
  target: Target,
  rows: { readonly upserts?: Parameters<typeof rowOf>[1][]; readonly deletes?: readonly (readonly string[])[] },
): Promise<void> {
  const table = await bench.tableOf(stream);
  const { live } = await target.placed(table);
  const event = live?.event ?? 0;
  const upserts = (rows.upserts ?? []).map((values) => rowOf(2, values));
  await target.apply(table, changesOf(event, upserts, { to: event, deletes: rows.deletes ?? [] }));
}

/** What depends on the kind of warehouse is shown of each, and the rest of one; in the long form of all. */
const eachKind = kinds.map((kind) => ({ kind, scenario: long || kind === 'duckdb' ? test : test.skip }));

describe.each(eachKind)('a table in a $kind target and the one in the store', ({ kind, scenario }) => {
  const warehouse = useKind(kind);

  async function landed(of: Partial<StreamInput> = {}): Promise<{ readonly stream: string; readonly target: Target }> {
    const stream = `c${(streams += 1)}`;
    await bench.define({ [stream]: { ...definition, ...of } });
    await bench.pull(stream, [ids.map((id) => order(id, 1)), ids.slice(0, 3).map((id) => order(id, 2))]);
    const target = await warehouse.fresh();
    await bench.apply(stream, target);
    return { stream, target };
  }

  test('rows that somebody deleted, changed and added are found, and no others; made anew, nothing is', async () => {
    const { stream, target } = await landed();
    expect(await bench.compare(stream, target)).toMatchObject({
      state: 'done',
      verdict: 'clean',
      storeRows: 30,
      targetRows: 30,
      bucketsDiffer: 0,
      steps: 1,
    });
    await edit(stream, target, {
      upserts: [
        ['k1', '2', 'mine'],
        ['z', '1', 'mine'],
      ],
      deletes: [['k5'], ['k6']],
    });
    const compared = await bench.compare(stream, target);
    expect(compared).toMatchObject({
      verdict: 'differs',
      reason: null,
      missing: 2,
      extra: 1,
      different: 1,
      inFlight: 0,
    });
    expect(compared.found).toEqual([
      { kind: 'missing', key: 'k5', storeEvent: 6, targetEvent: null },
      { kind: 'missing', key: 'k6', storeEvent: 7, targetEvent: null },
      { kind: 'extra', key: 'z', storeEvent: null, targetEvent: 2 },
      { kind: 'different', key: 'k1', storeEvent: 32, targetEvent: 2 },
    ]);
    expect(await bench.rebuild(stream, target)).toMatchObject({ report: { applied: true } });
    expect(await bench.compare(stream, target)).toMatchObject({ verdict: 'clean', bucketsDiffer: 0 });
  });

  test('one value that differs is found, of whatever column', async () => {
    const { stream, target } = await landed({ primaryKey: ['id', 'v'], version: [] });
    const table = await bench.tableOf(stream);
    const [row] = (await bench.landed(stream, target)).filter(({ values }) => values[0] === 'k9');
    const as = { ...rowOf(row?.event ?? 0, row?.values ?? [], { extra: row?.extra ?? null }) };
    const { live } = await target.placed(table);
    const event = live?.event ?? 0;
    for (const [changed, found] of [
      [as, 0],
      [{ ...as, extra: as.extra?.replace('1.5', '1.50') ?? null }, 0],
      [{ ...as, extra: as.extra?.replace('1.5', '1.6') ?? null }, 1],
      [{ ...as, extra: null }, 1],
      [{ ...as, event: as.event - 1 }, 1],
      [{ ...as, deletedAt: '2026-01-01T00:00:00.000000Z' }, 1],
      [{ ...as, values: [...as.values.slice(0, 2), null] }, 1],
    ] as const) {
      await target.apply(table, changesOf(event, [changed], { to: event }));
      const compared = await bench.compare(stream, target);
      expect([compared.different, compared.found.map(({ key }) => key)]).toEqual([
        found,
        found === 0 ? [] : ['["k9","1"]'],
      ]);
    }
  });

  test('what is not loaded yet is in flight, and what somebody did is found all the same', async () => {
    const { stream, target } = await landed({ deletes });
    await edit(stream, target, { deletes: [['k20'], ['k1']] });
    await bench.pull(stream, [[order('new', 1), order('k1', 3), order('k2', 9, { gone: true }), order('k3', 0)]]);
    // Nobody loads: only what no event explains is a finding.
    const idle = await bench.compare(stream, target);
    expect(idle).toMatchObject({ verdict: 'differs', missing: 1, extra: 0, different: 0, inFlight: 3 });
    expect(idle.reason).toContain('the target is behind');
    expect(idle.found.map(({ key }) => key)).toEqual(['k20']);
    const loaded = await bench.compare(stream, target, {
      between: async () => {
        await bench.apply(stream, target);
      },
    });
    expect(loaded.found.map(({ key }) => key)).toEqual(['k20']);
    expect(loaded).toMatchObject({ verdict: 'differs', reason: null, inFlight: 0 });
  });

  scenario.each([
    ['before the rows are read', false],
    ['while they are read', true],
  ])('loads that go on %s cause no false alarm', async (_when, late) => {
    const { stream, target } = await landed({ deletes });
    let version = 10;
    const more = async (): Promise<void> => {
      version += 1;
      const id = (at: number): string => ids[(version * 7 + at) % ids.length] as string;
      await bench.pull(stream, [
        [order(id(0), version), order(id(1), version, { gone: true }), order(`n${version}`, version)],
      ]);
      if (version % 2 === 0) await bench.apply(stream, target);
    };
    const busy: Target = {
      ...target,
      async *some(table, asked) {
        if (!late) await more();
        let isFirst = true;
        for await (const row of target.some(table, asked)) {
          if (late && isFirst) for (let times = 0; times < 3; times++) await more();
          isFirst = false;
          yield row;
        }
      },
    };
    for (let times = 0; times < 2; times++) {
      await more();
      const compared = await bench.compare(stream, busy, {
        between: async () => {
          await bench.apply(stream, target);
          await more();
        },
      });
      expect([compared.found, compared.verdict === 'differs']).toEqual([[], false]);
    }
    await bench.apply(stream, target);
    expect(await bench.compare(stream, target)).toMatchObject({ verdict: 'clean', bucketsDiffer: 0 });
  });

  test('deleted records that are kept as rows, rows of events, and complete listings are compared like others', async () => {
    for (const of of [
      { deletes: { ...deletes, as: 'soft' } },
      { disposition: 'append' },
      { disposition: 'append', primaryKey: [], version: [] },
      { disposition: 'replace' },
    ] as Partial<StreamInput>[]) {
      const { stream, target } = await landed(of);
      await bench.pull(stream, [[order('k4', 9, { gone: true }), order('k7', 8), order('x', 1)]]);
      const loads = {
        between: async (): Promise<void> => {
          await bench.apply(stream, target);
        },
      };
      expect([of, await bench.compare(stream, target, loads)]).toMatchObject([of, { verdict: 'clean', found: [] }]);
      const before = await bench.landed(stream, target);
      const [first] = before;
      const table = await bench.tableOf(stream);
      const { live } = await target.placed(table);
      const event = live?.event ?? 0;
      const changed = rowOf(first?.event ?? 0, [...(first?.values ?? []).slice(0, 2), 'mine']);
      await target.apply(table, changesOf(event, [changed], { to: event }));
      expect([of, await bench.compare(stream, target)]).toMatchObject([
        of,
        { verdict: 'differs', different: 1, missing: 0, extra: 0 },
      ]);
    }
  });

  scenario('a history is compared with the one in the store; where that has none, nothing is proven', async () => {
    const { stream, target } = await landed({ history: true });
    const history = `${stream}.history`;
    await bench.apply(history, target);
    expect(await bench.compare(history, target)).toMatchObject({ verdict: 'unproven', found: [] });
    const inStore = { targets: ['lake', 'postgres'] };
    await bench.applyInStore(history);
    expect(await bench.compare(history, target, inStore)).toMatchObject({ verdict: 'clean', storeRows: 33 });
    // Each is loaded by itself: one of them may be behind.
    await bench.pull(stream, [[order('k1', 7)]]);
    await bench.applyInStore(history);
    const load = async (): Promise<void> => {
      await bench.apply(history, target);
    };
    expect(await bench.compare(history, target, { ...inStore, between: load })).toMatchObject({ verdict: 'clean' });
    await bench.pull(stream, [[order('k2', 7)]]);
    await bench.apply(history, target);
    expect(await bench.compare(history, target, inStore)).toMatchObject({ found: [], inFlight: 2 });
  });

  scenario(
    'events that loads leave out, erased records and tables that do not fit prove nothing, and are no findings',
    async () => {
      const { stream, target } = await landed();
      await bench.pull(stream, [[order('odd', 1, { text: null })]]);
      const { properties } = definition.schema;
      await bench.define({
        [stream]: {
          ...definition,
          schema: { ...definition.schema, properties: { ...properties, text: { type: 'string' } } },
        },
      });
      await bench.apply(stream, target);
      const leftOut = await bench.compare(stream, target);
      expect(leftOut).toMatchObject({ verdict: 'unproven', leftOut: 1, found: [] });
      expect(leftOut.reason).toContain('no longer fit');

      await bench.define({ [stream]: definition });
      await bench.rebuild(stream, target);
      const { streamId } = (
        await bench.pool.query(`select stream_id as "streamId" from syncline.streams where name = $1`, [stream])
      ).rows[0];
      await bench.pool.query(`update syncline.events_${streamId} set operation = 'x', key = null where event = 9`);
      await bench.pool.query(`delete from shore.${stream} where _event = 9`);
      const erased = await bench.compare(stream, target);
      expect(erased).toMatchObject({ verdict: 'unproven', extra: 0, found: [] });
      expect(erased.reason).toContain('erased records');

      const wider = { ...definition.schema, properties: { ...properties, more: { type: 'integer' } } };
      await bench.define({ [stream]: { ...definition, schema: wider } });
      await bench.pull(stream, [[order('k1', 30)]]);
      const unfitting = await bench.compare(stream, target);
      expect(unfitting).toMatchObject({ verdict: 'unproven', found: [] });
      expect(unfitting.reason).toContain('does not have more yet');
    },
  );

  scenario(
    'an activity that is done again goes on from what was summed, and a cancelled one ends at once',
    async () => {
      const { stream, target } = await landed();
      await edit(stream, target, { upserts: [['k1', '2', 'mine']] });
      let sums = 0;
      let fails = true;
      const counted: Target = {
        ...target,
        sums: (table) => {
          sums += 1;
          return target.sums(table);
        },
        async *some(table, asked) {
          yield* target.some(table, asked);
          if (fails) throw new Error('the process ends here');
        },
      };
      const runId = `again ${kind}`;
      await expect(bench.compare(stream, counted, { runId })).rejects.toThrow('the process ends here');
      fails = false;
      expect(await bench.compare(stream, counted, { runId })).toMatchObject({ verdict: 'differs', different: 1 });
      expect(sums).toBe(1);
      const cancelled = new AbortController();
      const slow: Target = { ...target, sums: () => new Promise(() => cancelled.abort(new Error('cancelled'))) };
      await expect(bench.compare(stream, slow, { signal: cancelled.signal })).rejects.toThrow('cancelled');
      // The next one says that it was left behind.
      await bench.compare(stream, target);
      const { rows } = await bench.pool.query(
        `select state from syncline.target_comparisons c join syncline.streams s using (stream_id) where s.name = $1 order by comparison`,
        [stream],
      );
      expect(rows).toEqual([{ state: 'done' }, { state: 'failed' }, { state: 'done' }]);
    },
  );
});
