import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { long } from '../support/long.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { randomOf } from '../../simulator/random.ts';
import { at, MovingPartner, paginations, parentStream, type Pagination } from './moving-partner.ts';
import { reconcileHere, type Reconciled } from './reconcile-here.ts';

let own: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
});
afterAll(() => own.close());

const RECORDS = 40;
const names = Object.keys(paginations) as Pagination[];
const seeds = Array.from({ length: long ? 12 : 1 }, (_, seed) => seed + 1);

interface Scene {
  readonly moving: MovingPartner;
  readonly partner: OwnPartner;
}

/** A partner that was synced once, when all its records were from the first minute. */
async function synced(name: Pagination, more: Partial<StreamInput> = {}): Promise<Scene> {
  const moving = new MovingPartner();
  for (let n = 0; n < RECORDS; n++) moving.put(`r${n}`, { updated_at: at(n) });
  const partner = await own.partner(moving.answer, {
    [name]: { ...paginations[name], ...more },
    ...(name === 'nested' ? { parents: parentStream } : {}),
  });
  if (name === 'nested') await partner.read('parents');
  await partner.read(name);
  return { moving, partner };
}

const incremental = { incremental: { field: 'updated_at', start: { as: 'since' } } } satisfies Partial<StreamInput>;

/** Some keys, each at most once. */
function draw(seed: number): (count: number) => string[] {
  const random = randomOf(seed, 1, 2, 3);
  const left = Array.from({ length: RECORDS - 1 }, (_, n) => `r${n}`);
  return (count) =>
    Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0] as string);
}

/** What nobody can know of who only looks at what is new: each kind of difference, behind the watermark. */
async function seedDifferences(
  { moving, partner }: Scene,
  name: Pagination,
  seed: number,
): Promise<Map<string, string>> {
  const of = draw(seed);
  const seeded = new Map<string, string>();
  const table = `"${partner.name}"."${name}"`;
  for (const id of of(3)) {
    seeded.set(id, 'missing');
    await own.pool.query(`delete from ${table} where id = $1`, [id]);
  }
  for (const id of of(2)) {
    seeded.set(id, 'extra');
    moving.records.delete(id);
  }
  for (const id of of(3)) {
    seeded.set(id, 'stale');
    moving.put(id, { text: 'changed behind', updated_at: at(RECORDS - 1) });
  }
  for (const id of of(2)) {
    seeded.set(id, 'different');
    moving.put(id, { text: 'another text' });
  }
  for (const id of of(2)) {
    seeded.set(id, 'newer-in-store');
    moving.put(id, { text: 'an earlier one', updated_at: at(-1) });
  }
  return seeded;
}

/** Something new and something changed before each page, as time goes by. */
function move(moving: MovingPartner, seed: number): void {
  const random = randomOf(seed, 7, 7, 7);
  let clock = 1000;
  moving.beforePage = (page) => {
    if (page > 200) return;
    clock += 1;
    if (random() < 0.5) moving.put(`n${page}`, { updated_at: at(clock) });
    const known = [...moving.records.keys()];
    const id = known[Math.floor(random() * known.length)] as string;
    // What is wrong stays as it is, so that the test knows what has to be found.
    if (id.startsWith('n') || id === `r${RECORDS - 1}`)
      moving.put(id, { text: `moved ${page}`, updated_at: at(clock) });
  };
}

/** A sync brings the others. */
const stays = (kind: string): boolean => kind === 'extra' || kind === 'newer-in-store';

const found = ({ each }: Reconciled, state: string): ReadonlyMap<string, string> =>
  new Map(each.flatMap((one) => (one.state === state ? [[one.key, one.kind] as const] : [])));
const sorted = (found: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));

describe.each(names)('a stream that is read by %s', (name) => {
  test('and has what the partner has is clean, after one look', async () => {
    const scene = await synced(name);
    const asked = scene.partner.asked.length;
    const done = await reconcileHere(own, scene.partner, { stream: name });
    expect(done).toMatchObject({ verdict: 'clean', reason: null, seen: RECORDS, inFlight: 0, each: [] });
    expect(scene.partner.asked.length - asked).toBe(done.requests);
  });

  test.each(seeds)('differs in what was seeded, and in nothing else, while it changes: seed %i', async (seed) => {
    const scene = await synced(name, incremental);
    const seeded = await seedDifferences(scene, name, seed);
    move(scene.moving, seed);
    const done = await reconcileHere(own, scene.partner, { stream: name });
    expect(sorted(found(done, 'open'))).toEqual(sorted(seeded));
    expect(done.verdict).toBe('differs');
  });

  test.each(seeds)(
    'tells what a sync brings from what it does not, where records say no time: seed %i',
    async (seed) => {
      const scene = await synced(name);
      const seeded = await seedDifferences(scene, name, seed);
      move(scene.moving, seed);
      const done = await reconcileHere(own, scene.partner, { stream: name });
      expect(sorted(found(done, 'open'))).toEqual(sorted(new Map([...seeded].filter(([, kind]) => stays(kind)))));
      const brought = [...found(done, 'explained')].filter(([key]) => seeded.has(key));
      expect(sorted(new Map(brought))).toEqual(sorted(new Map([...seeded].filter(([, kind]) => !stays(kind)))));
    },
  );
});
