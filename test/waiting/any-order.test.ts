import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { pick, randomOf } from '../../simulator/random.ts';
import type { ReadRow, Target } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { kinds, useKind } from '../targets/kinds.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

/** Refunds need their payment, fees their refund; each may be deleted. */
const needed = { payments: undefined, refunds: 'payments', fees: 'refunds' } as const;
type Name = keyof typeof needed;
const names = Object.keys(needed) as readonly Name[];

interface Said {
  readonly stream: Name;
  readonly id: string;
  readonly v: number;
  readonly of: string | null;
  readonly gone: boolean;
}

interface Tables {
  /** `id v` of each row. */
  readonly table: readonly string[];
  /** `id v from to current deleted`; of a deletion without its v. */
  readonly history: readonly string[];
  readonly waiting: readonly string[];
}

/**
 * What must be so, whatever the order: a record counts if one of the key that it needs ever counted, and a delete always. Of each key the
 * newest version stands, and each holds until the next one.
 */
function model(said: readonly Said[]): Readonly<Record<Name, Tables>> {
  const all = [...new Map(said.map((each) => [JSON.stringify(each), each])).values()];
  const counts = (each: Said): boolean => {
    const from = needed[each.stream];
    if (each.gone || from === undefined) return true;
    return all.some((other) => other.stream === from && other.id === each.of && !other.gone && counts(other));
  };
  const tables = (stream: Name): Tables => {
    const own = all.filter((each) => each.stream === stream);
    const landed = own.filter(counts).toSorted((a, b) => a.v - b.v);
    const rows = landed.map((row) => ({ ...row, next: landed.find(({ id, v }) => id === row.id && v > row.v)?.v }));
    return {
      table: rows.flatMap(({ id, v, gone, next }) => (gone || next !== undefined ? [] : [`${id} ${v}`])).toSorted(),
      history: rows
        .map(({ id, v, gone, next }) =>
          [id, gone ? '' : v, timeOf(v), timeOf(next), !gone && next === undefined, gone].join(' '),
        )
        .toSorted(),
      waiting: own.flatMap((each) => (counts(each) ? [] : [`${each.id} ${each.v}`])).toSorted(),
    };
  };
  return { payments: tables('payments'), refunds: tables('refunds'), fees: tables('fees') };
}

const timeOf = (v: number | undefined): string =>
  v === undefined ? '' : `2026-11-01T00:00:${String(v).padStart(2, '0')}.000000Z`;

/** A world of its own, with few keys, so that its records meet. */
function world(random: () => number, name: string): readonly Said[] {
  const versions = new Map<string, number>();
  return Array.from({ length: 4 + Math.floor(random() * 9) }, (): Said => {
    const stream = pick(random, names);
    const id = `${name}${stream[0]}${Math.floor(random() * 2)}`;
    // Each version of a key has one content: of two the last to arrive would count.
    const v = (versions.get(id) ?? 0) + 1;
    versions.set(id, v);
    const from = needed[stream];
    const of = from === undefined ? null : `${name}${from[0]}${Math.floor(random() * 3)}`;
    return { stream, id, v, of, gone: random() < 0.25 };
  });
}

const shuffled = <T>(random: () => number, items: readonly T[]): readonly T[] =>
  items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);

const text = { type: ['string', 'null'] };
const properties = {
  id: { type: 'string' },
  v: { type: 'integer' },
  of: text,
  at: { type: 'string', format: 'date-time' },
};
const usual = {
  primaryKey: ['id'],
  version: ['at'],
  history: true,
  schema: { type: 'object', required: ['id', 'at'], properties },
} satisfies Partial<StreamInput>;

const textOf = ({ id, v, of, gone }: Said): string => JSON.stringify({ id, v, of, at: timeOf(v), gone });

let bench: LandBench;
let rounds = 0;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

describe('records, deletes and needs over three streams', () => {
  const warehouses = kinds.map(useKind);
  const seeds = Array.from({ length: long ? 40 : 1 }, (_, n) => n);
  const worlds = long ? 250 : 40;

  test.each(seeds)(
    'any order, repetition, pages and loads come to the same tables, histories, waiting lists and balances: seed %i',
    async (seed) => {
      const random = randomOf(170, seed);
      const all = Array.from({ length: worlds }, (_, n) => world(random, `w${n}-`)).flat();
      const expected = model(all);
      const targets = await Promise.all(warehouses.map((each) => each.fresh()));
      const as = pick(random, ['hard', 'hard', 'soft'] as const);
      const first = await arriveIn(random, { all, as, targets });
      const second = await arriveIn(random, { all, as, targets });
      for (const stream of names)
        for (const streams of [first, second])
          expect(await said(streams[stream], targets, as)).toEqual(expected[stream]);
      // Whatever comes again changes nothing.
      const before = await everything(first, targets);
      for (const stream of names)
        await bench.pull(first[stream], [all.filter((each) => each.stream === stream).map(textOf)]);
      await load(first, targets);
      expect(await everything(first, targets)).toEqual(before);
      await balances(first);
    },
    600_000,
  );
});

type Streams = Readonly<Record<Name, string>>;

/** Lets it all come in an order of its own, some of it twice, to streams of its own. */
async function arriveIn(
  random: () => number,
  {
    all,
    as,
    targets,
  }: { readonly all: readonly Said[]; readonly as: 'hard' | 'soft'; readonly targets: readonly Target[] },
): Promise<Streams> {
  const streams = Object.fromEntries(names.map((name) => [name, `${name}${(rounds += 1)}`])) as Record<Name, string>;
  const defined = names.map((name) => {
    const from = needed[name];
    const requires = from === undefined ? {} : { requires: { need: { stream: streams[from], by: 'of' } } };
    return [streams[name], { ...usual, ...requires, deletes: { field: 'gone', as } }] as const;
  });
  await bench.define(Object.fromEntries(defined) as PartnerInput['streams']);
  const most = Math.ceil(all.length / 4);
  const coming = [...shuffled(random, [...all, ...all.filter(() => random() < 0.3)])];
  while (coming.length > 0) {
    const some = coming.splice(0, 1 + Math.floor(random() * most));
    for (const name of shuffled(random, names)) {
      const records = some.filter(({ stream }) => stream === name).map(textOf);
      const size = 1 + Math.floor((random() * most) / 3);
      const pages = Array.from({ length: Math.ceil(records.length / size) }, (_, n) =>
        records.slice(n * size, (n + 1) * size),
      );
      if (pages.length > 0) await bench.pull(streams[name], pages);
      if (random() < 0.05) await load({ [name]: streams[name] }, targets, 1 + Math.floor(random() * 30));
    }
  }
  await load(streams, targets, 50);
  return streams;
}

async function load(streams: Partial<Streams>, targets: readonly Target[], rows = 1000): Promise<void> {
  for (const stream of Object.values(streams).flatMap((name) => [name, `${name}.history`]))
    for (const target of targets)
      for (let state = 'more'; state !== 'caughtUp';) {
        const applied = await bench.apply(stream, target, rows);
        expect(applied).toMatchObject({ unfit: 0 });
        state = applied.state;
      }
}

/** What tables, history and list of a stream say. Each target has to say the same of it. */
async function said(stream: string, targets: readonly Target[], as: 'hard' | 'soft'): Promise<Tables> {
  const shown = await bench.shown(stream);
  const [first = [], ...others] = await Promise.all(targets.map((target) => bench.landed(`${stream}.history`, target)));
  for (const other of others) expect(other).toEqual(first);
  for (const target of targets) expect(sorted(await bench.landed(stream, target))).toEqual(sorted(shown));
  expect(as === 'soft' || shown.every(({ deletedAt }) => deletedAt === undefined)).toBe(true);
  return {
    table: shown
      .flatMap(({ values: [id, v], deletedAt }) => (deletedAt === undefined ? [`${id} ${v}`] : []))
      .toSorted(),
    history: first
      .map(({ values: [id, v, , , from, to, current, deleted] }) =>
        [id, v, from, to, current, deleted].map((value) => value ?? '').join(' '),
      )
      .toSorted(),
    waiting: await waitingIn(stream),
  };
}

const sorted = (rows: readonly ReadRow[]): readonly ReadRow[] => rows.toSorted((a, b) => a.event - b.event);

async function waitingIn(stream: string): Promise<readonly string[]> {
  const { rows } = await bench.pool.query<{ record: string }>(
    `select concat_ws(' ', payload ->> 'id', payload ->> 'v') as record from waiting w join events e using (stream_id, event)
      where w.status = 'waiting' and stream_id = (select stream_id from streams where partner = $1 and name = $2)`,
    [PARTNER, stream],
  );
  return rows.map(({ record }) => record).toSorted();
}

/** All rows, with where they come from. */
const everything = (streams: Streams, targets: readonly Target[]): Promise<unknown> =>
  Promise.all(
    names.map(async (name) => [
      sorted(await bench.shown(streams[name])),
      await waitingIn(streams[name]),
      ...(await Promise.all(targets.map((target) => bench.landed(`${streams[name]}.history`, target)))),
    ]),
  );

/** Each record that was fetched has one fate. */
async function balances(streams: Streams): Promise<void> {
  const { rows } = await bench.pool.query<{ fetched: string; fates: string }>(
    `select sum(fetched) as fetched, sum(inserted + updated + unchanged + stale + deleted + waiting + quarantined) as fates
      from stream_runs join streams using (stream_id) where partner = $1 and name = any ($2) group by stream_id`,
    [PARTNER, Object.values(streams)],
  );
  expect(rows).toHaveLength(names.length);
  for (const { fetched, fates } of rows) expect(fates).toBe(fetched);
}
