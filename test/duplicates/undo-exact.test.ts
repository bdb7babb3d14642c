import { expect, test } from '@jest/globals';
import { array, assert, asyncProperty, boolean, constantFrom, nat, oneof, record, type Arbitrary } from 'fast-check';
import type { Pool } from 'pg';
import { compareRows, type FoundPair, type RowRef } from '../../core/duplicates.ts';
import type { Golden } from '../../landing/golden-sql.ts';
import { ensureGoldenViews } from '../../landing/golden-view.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { ChangeScope } from '../../store/duplicates/changes.ts';
import { mayMerge, neverMerge } from '../../store/duplicates/decide.ts';
import { transaction } from '../../store/session/transaction.ts';
import { aStream, runOf } from '../landing/run-of.ts';
import { long } from '../support/long.ts';
import { usePool } from '../support/use-pool.ts';
import { applyPairs, changePairs } from './apply-pairs.ts';

const used = usePool(4);

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    text: { type: ['string', 'null'] },
    gone: { type: 'boolean' },
  },
} as const;
const IDS = 12;
const LARGEST = 6;

/** What may happen, in any order. Pairs and scopes are numbers: they stand for what there is then. */
type Step =
  | { readonly does: 'sync'; readonly id: number; readonly text: number; readonly gone: boolean }
  | { readonly does: 'plan'; readonly mine: boolean; readonly pairs: readonly (readonly [number, number, number])[] }
  | {
      readonly does: 'undo';
      readonly plan: number;
      readonly scope: 'all' | 'rule' | 'pair' | 'cluster';
      readonly of: number;
    }
  | { readonly does: 'apply'; readonly plan: number }
  | { readonly does: 'never' | 'may'; readonly pair: readonly [number, number] };

const id = nat(IDS - 1);
const step: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: record({ does: constantFrom('sync' as const), id, text: nat(5), gone: boolean() }) },
  {
    weight: 3,
    arbitrary: record({
      does: constantFrom('plan' as const),
      mine: boolean(),
      pairs: array(fcTuple(id, id, nat(9)), { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      does: constantFrom('undo' as const),
      plan: nat(9),
      scope: constantFrom('all' as const, 'rule' as const, 'pair' as const, 'cluster' as const),
      of: nat(9),
    }),
  },
  { weight: 1, arbitrary: record({ does: constantFrom('apply' as const), plan: nat(9) }) },
  { weight: 2, arbitrary: record({ does: constantFrom('never' as const, 'may' as const), pair: pairOf() }) },
);

function pairOf(): Arbitrary<readonly [number, number]> {
  return fcTuple(id, id, nat(0)).map(([a, b]) => [a, b] as const);
}
function fcTuple(
  a: Arbitrary<number>,
  b: Arbitrary<number>,
  c: Arbitrary<number>,
): Arbitrary<readonly [number, number, number]> {
  return record({ a, b, c }).map(({ a: x, b: y, c: z }) => [x, y, z] as const);
}

interface Plan {
  readonly plan: number;
  readonly mine: boolean;
}

let names = 0;

/** A world of its own: two streams, golden records of them, and plans that were made in it. */
class World {
  readonly pool: Pool;
  readonly name = `people${(names += 1)}`;
  /** Names of one length: worlds have to agree on which row comes first. */
  readonly streams = [
    aStream({ schema, deletes: { field: 'gone' } }, `a${String(names).padStart(5, '0')}`),
    aStream({ schema }, `b${String(names).padStart(5, '0')}`),
  ] as const;
  readonly plans: Plan[] = [];
  #runs = 0;
  #pages = 0;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  get golden(): Golden {
    const named = this.streams.map((stream) => [`${stream.partner.name}.orders`, stream] as const);
    return {
      name: this.name,
      settings: {
        from: named.map(([stream]) => ({ stream, fields: { text: 'text', best: 'text', v: 'v' } })),
        survivors: { default: 'newest', text: 'mostFrequent', best: 'longest' },
      },
      streams: new Map(named),
    };
  }

  /** Ids are dealt out to both streams. */
  ref(number: number): RowRef {
    const stream = this.streams[number % 2] as (typeof this.streams)[0];
    return { stream: `${stream.partner.name}.orders`, row: `r${number}` };
  }

  async open(): Promise<void> {
    for (let number = 0; number < IDS; number += 2) await this.sync(number, number % 3, false);
    for (let number = 1; number < IDS; number += 2) await this.sync(number, number % 3, false);
    await transaction(this.pool, (client) => ensureGoldenViews(client, this.golden));
  }

  async sync(number: number, text: number, gone: boolean): Promise<void> {
    const stream = this.streams[number % 2] as (typeof this.streams)[0];
    this.#pages += 1;
    this.#runs += 1;
    const window = new Date(Date.UTC(2026, 0, this.#runs)).toISOString().slice(0, 10);
    const run = await runOf(postgresWarehouse(this.pool), stream, { window });
    const line = { id: `r${number}`, v: this.#pages, text: 'x'.repeat(text), ...(number % 2 === 0 ? { gone } : {}) };
    await run.commit(run.page([line]));
    await run.finish();
  }

  /** Approves and applies pairs as if they had been found. */
  async plan(pairs: readonly (readonly [number, number, number])[], mine: boolean): Promise<void> {
    const found = new Map<string, FoundPair>();
    for (const [a, b, weight] of pairs) {
      if (a === b) continue;
      const [left, right] = [this.ref(a), this.ref(b)].toSorted(compareRows) as [RowRef, RowRef];
      const rule = weight % 2 === 0 ? 'same-text' : 'score';
      found.set(JSON.stringify([left, right]), { left, right, rule, weight, probability: 1, levels: {} });
    }
    const plan = await applyPairs(this.pool, { name: this.name, pairs: [...found.values()], largest: LARGEST });
    this.plans.push({ plan, mine });
  }

  /** All that readers see, with names that worlds share. */
  async seen(): Promise<unknown> {
    const { rows } = await this.pool.query<{ rows: string[]; text: string; best: string; v: string; members: number }>(
      `select rows, text, best, v, members from golden.${this.name}`,
    );
    return rows
      .map(({ rows: of, ...values }) => ({ ...values, rows: of.map(plain).toSorted() }))
      .toSorted((a, b) => ((a.rows[0] ?? '') < (b.rows[0] ?? '') ? -1 : 1));
  }

  /** Rows that belong together, by the simplest way to say so: links in force, one after the other, over whole sets. */
  async expected(): Promise<readonly (readonly string[])[]> {
    const { rows: links } = await this.pool.query<Record<string, string>>(
      `select left_stream || ' ' || left_row as l, right_stream || ' ' || right_row as r from duplicate_links where name = $1 and ended_in is null
        order by weight desc, left_stream, left_row, right_stream, right_row`,
      [this.name],
    );
    const { rows: never } = await this.pool.query<Record<string, string>>(
      `select left_stream || ' ' || left_row as l, right_stream || ' ' || right_row as r from duplicate_never where name = $1`,
      [this.name],
    );
    let sets: ReadonlySet<string>[] = [];
    for (const { l, r } of links as { l: string; r: string }[]) {
      const left = sets.find((set) => set.has(l)) ?? new Set([l]);
      const right = sets.find((set) => set.has(r)) ?? new Set([r]);
      const both = new Set([...left, ...right]);
      if (both.size > LARGEST) continue;
      if (never.some((pair) => both.has(pair['l'] as string) && both.has(pair['r'] as string))) continue;
      sets = [...sets.filter((set) => set !== left && set !== right), both];
    }
    return sets
      .filter((set) => set.size > 1)
      .map((set) => [...set].toSorted())
      .toSorted(first);
  }

  async members(): Promise<readonly (readonly string[])[]> {
    const { rows } = await this.pool.query<{ rows: string[] }>(
      `select array_agg(stream || ' ' || row) as rows from duplicate_members where name = $1 group by entity`,
      [this.name],
    );
    return rows.map(({ rows: of }) => of.toSorted()).toSorted(first);
  }
}

const plain = (row: string): string => row.replace(/^[ab]\d+\.orders /, '');
const first = (a: readonly string[], b: readonly string[]): number => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1);

async function scopeOf(
  world: World,
  plan: number,
  { scope, of }: Extract<Step, { does: 'undo' }>,
): Promise<ChangeScope> {
  if (scope === 'all') return {};
  if (scope === 'rule') return { rule: of % 2 === 0 ? 'same-text' : 'score' };
  if (scope === 'pair') return { pair: of };
  const { rows } = await world.pool.query<{ cluster: number }>(
    'select distinct cluster from duplicate_pairs where plan_id = $1 order by 1',
    [plan],
  );
  return { cluster: rows[of % Math.max(1, rows.length)]?.cluster ?? 1 };
}

/** Takes a step; in a world without `mine`, plans of mine and what is done with them do not happen. */
async function take(world: World, taken: Step, { withMine }: { readonly withMine: boolean }): Promise<void> {
  switch (taken.does) {
    case 'sync':
      return world.sync(taken.id, taken.text, taken.gone);
    case 'plan':
      if (taken.mine && !withMine) {
        // It keeps its number, so that later steps mean the same plans.
        world.plans.push({ plan: -1, mine: true });
        return undefined;
      }
      return world.plan(taken.pairs, taken.mine);
    case 'undo':
    case 'apply': {
      const of = world.plans[taken.plan % Math.max(1, world.plans.length)];
      if (of === undefined || (of.mine && !withMine)) return undefined;
      return changePairs(
        world.pool,
        of.plan,
        taken.does,
        taken.does === 'undo' ? await scopeOf(world, of.plan, taken) : {},
      );
    }
    case 'never':
    case 'may': {
      const rows = taken.pair.map((number) => world.ref(number)) as [RowRef, RowRef];
      if (taken.pair[0] === taken.pair[1]) return undefined;
      if (taken.does === 'never')
        await neverMerge(world.pool, { name: world.name, rows, by: 'tester', reason: 'a test' });
      else await mayMerge(world.pool, { name: world.name, rows });
      return undefined;
    }
  }
}

test(
  'what was applied and undone leaves no trace, whatever happened in between',
  async () => {
    await assert(
      asyncProperty(array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const [world, without] = [new World(used.pool), new World(used.pool)];
        await world.open();
        await without.open();
        for (const each of steps) {
          await take(world, each, { withMine: true });
          expect(await world.members()).toEqual(await world.expected());
          await take(without, each, { withMine: false });
        }
        for (const { plan, mine } of world.plans) if (mine) await changePairs(world.pool, plan, 'undo');
        expect(await world.members()).toEqual(await world.expected());
        expect(await world.seen()).toEqual(await without.seen());
      }),
      { numRuns: long ? 60 : 3, ...(long ? {} : { seed: 20 }) },
    );
  },
  long ? 3_600_000 : 60_000,
);
