import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { decideApproval, waitingApproval } from '../../store/approvals.ts';
import { firstOf, long } from '../support/long.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { randomOf } from '../../simulator/random.ts';
import { at, MovingPartner, paginations, parentStream, type Pagination } from './moving-partner.ts';
import { breakOff, compareLate, reconcileHere, repairHere, type Here, type Reconciled } from './reconcile-here.ts';

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
async function synced(
  name: Pagination,
  more: Partial<StreamInput> = {},
  also: Partial<PartnerInput> = {},
): Promise<Scene> {
  const moving = new MovingPartner();
  for (let n = 0; n < RECORDS; n++) moving.put(`r${n}`, { updated_at: at(n) });
  const partner = await own.partner(
    moving.answer,
    {
      [name]: { ...paginations[name], ...more },
      ...(name === 'nested' ? { parents: parentStream } : {}),
    },
    also,
  );
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

const eventsOf = async ({ name }: OwnPartner): Promise<string> =>
  (await own.pool.query('select sum(last_event) from streams where partner = $1', [name])).rows[0].sum;

const tally = (map: ReadonlyMap<string, string>, keep: (kind: string) => boolean) =>
  sorted(new Map([...map].filter(([, kind]) => keep(kind))));

/** What can be read again. */
const isReadable = (kind: string): boolean => ['missing', 'stale', 'different'].includes(kind);

describe.each(names)('a stream that is read by %s', (name) => {
  test.each(seeds)('differs in what was seeded, and in nothing else, while it changes: seed %i', async (seed) => {
    const scene = await synced(name, incremental);
    const here = { own, partner: scene.partner, stream: name };
    const clean = await reconcileHere(here);
    expect(clean).toMatchObject({ verdict: 'clean', reason: null, seen: RECORDS, inFlight: 0, each: [] });

    const seeded = await seedDifferences(scene, name, seed);
    move(scene.moving, seed);
    // A worker dies after each third page.
    let pages = 0;
    const failpoint: Failpoint = (at) =>
      at === 'commit.after' && ++pages % 3 === 0 ? Promise.reject(new Error('it died')) : Promise.resolve();
    const dying = { ...here, failpoint };
    const done = await reconcileHere(dying);
    expect(sorted(found(done, 'open'))).toEqual(sorted(seeded));
    expect(done.verdict).toBe('differs');
    expect(await compareLate(here, done)).toEqual(done.each);

    const readable = tally(seeded, isReadable).length;
    expect(await repairHere(dying, done.id)).toMatchObject({ repaired: readable, left: 0 });
    const events = await eventsOf(scene.partner);
    expect(await repairHere(here, done.id)).toMatchObject({ repaired: readable, left: 0 });
    expect(await eventsOf(scene.partner)).toBe(events);
    const again = await reconcileHere(here);
    expect(sorted(found(again, 'open'))).toEqual(tally(seeded, (kind) => !isReadable(kind)));
  });
});

describe.each(firstOf(names, 2))('a stream that is read by %s, whose records say no time,', (name) => {
  test.each(seeds)('has what a sync brings told from what it does not: seed %i', async (seed) => {
    const scene = await synced(name);
    const seeded = await seedDifferences(scene, name, seed);
    move(scene.moving, seed);
    const done = await reconcileHere({ own, partner: scene.partner, stream: name });
    expect(sorted(found(done, 'open'))).toEqual(tally(seeded, stays));
    const brought = [...found(done, 'explained')].filter(([key]) => seeded.has(key));
    expect(sorted(new Map(brought))).toEqual(tally(seeded, (kind) => !stays(kind)));
  });
});

test('one that failed goes on from its last page, and anew where another one came in between', async () => {
  const { partner } = await synced('cursor', incremental);
  const here = { own, partner, stream: 'cursor' };
  let pages = 0;
  const dies: Failpoint = (at) =>
    at === 'commit.after' && ++pages === 2 ? Promise.reject(new Error('it died')) : Promise.resolve();
  await breakOff({ ...here, failpoint: dies }, 'broken');
  const gathered = async (): Promise<number> =>
    (
      await own.pool.query(
        `select count(*)::integer as n from reconcile_seen join reconcile_listings using (listing_id) where reconciliation like $1`,
        [`reconcile/${partner.name}/%/broken`],
      )
    ).rows[0].n;
  expect(await gathered()).toBeGreaterThan(0);
  expect(await reconcileHere(here)).toMatchObject({ verdict: 'clean', seen: RECORDS });
  expect(await gathered()).toBe(0);
  expect(await reconcileHere(here, { label: 'broken' })).toMatchObject({ verdict: 'clean', seen: RECORDS, each: [] });
});

/** Records that the partner has no more, and what a reconciliation says of them. */
const extras = async (more: Partial<StreamInput>, gone: number) => {
  const scene = await synced('cursor', { ...incremental, ...more });
  for (let n = 0; n < gone; n++) scene.moving.records.delete(`r${n}`);
  const here = { own, partner: scene.partner, stream: 'cursor' };
  return { here, done: await reconcileHere(here) };
};
const left = async ({ partner }: Here): Promise<number> =>
  Number(
    (await own.pool.query(`select count(*) from "${partner.name}".cursor where _deleted_at is null`)).rows[0].count,
  );

describe('what only the store has', () => {
  test('goes as a sweep has it, and is a finding no more', async () => {
    const { here, done } = await extras({ deletes: { field: 'gone', equals: true } }, 3);
    expect(found(done, 'open').size).toBe(3);
    expect(await repairHere(here, done.id, ['extra'])).toMatchObject({ repaired: 3, left: 0 });
    expect(await left(here)).toBe(RECORDS - 3);
    expect(await repairHere(here, done.id, ['extra'])).toMatchObject({ repaired: 3, left: 0 });
    expect(await reconcileHere(here)).toMatchObject({ verdict: 'clean', each: [] });
  });

  test('waits for a person where it is much', async () => {
    const { here, done } = await extras(
      { deletes: { field: 'gone', equals: true, hold: { count: 1, share: 0.1 } } },
      6,
    );
    expect(await repairHere(here, done.id, ['extra'])).toBeUndefined();
    expect(await left(here)).toBe(RECORDS);
    const id = (await waitingApproval(own.pool, `${done.id}/repair/extra/run`)) as number;
    await decideApproval(own.pool, { id, state: 'approved', by: 'test', reason: 'they are gone' });
    expect(await repairHere(here, done.id, ['extra'])).toMatchObject({ repaired: 6, left: 0 });
    expect(await left(here)).toBe(RECORDS - 6);
  });

  test('stays where the stream says nothing of deletes', async () => {
    const { here, done } = await extras({}, 1);
    await expect(repairHere(here, done.id, ['extra'])).rejects.toThrow('says nothing of deletes');
  });
});

const one = (url: string): boolean => url.startsWith('/items/');

describe('where a record can be asked for by its key', () => {
  const webhooks = {
    changes: {
      preset: 'github',
      secrets: [{ value: 'test' }],
      routes: [{ stream: 'cursor', as: 'hint', key: 'id', fetch: { path: '/items/{id}' } }],
    },
  } satisfies PartnerInput['webhooks'];
  const open = async (): Promise<{ readonly scene: Scene; readonly here: Here }> => {
    const scene = await synced('cursor', incremental, { webhooks });
    return { scene, here: { own, partner: scene.partner, stream: 'cursor' } };
  };

  test('a difference is looked at a second time by its key', async () => {
    const { scene, here } = await open();
    const seeded = await seedDifferences(scene, 'cursor', 1);
    const done = await reconcileHere(here);
    expect(sorted(found(done, 'open'))).toEqual(sorted(seeded));
    expect(scene.partner.asked.filter(one)).toHaveLength(seeded.size);
  });

  test('a sample says how many of all may differ, and asks for none twice, also where a worker dies', async () => {
    const { scene, here } = await open();
    const clean = await reconcileHere(here, { sample: 10 });
    expect(clean).toMatchObject({ verdict: 'clean', bound: { asked: 10, wrong: 0 }, storeTotal: RECORDS });
    expect(clean.bound?.share).toBeCloseTo(1 - 0.05 ** (1 / 10), 10);
    expect(new Set(scene.partner.asked.filter(one)).size).toBe(10);

    const seeded = await seedDifferences(scene, 'cursor', 2);
    let fetched = 0;
    const failpoint: Failpoint = (at) =>
      at === 'fetched.after' && ++fetched % 4 === 0 ? Promise.reject(new Error('it died')) : Promise.resolve();
    const asked = scene.partner.asked.length;
    const all = await reconcileHere({ ...here, failpoint }, { sample: 1000 });
    // The store does not know what it lacks.
    const known = tally(seeded, (kind) => kind !== 'missing');
    expect(sorted(found(all, 'open'))).toEqual(known);
    expect(all.bound).toMatchObject({ wrong: known.length, asked: RECORDS - 3 });
    expect(scene.partner.asked.slice(asked).filter(one)).toHaveLength(RECORDS - 3 + known.length);
  });

  test('a worker that died as it was about to wait leaves no wait behind', async () => {
    const { here } = await open();
    const its = `where reconciliation like '%/${here.partner.name}/%'`;
    const found: unknown[] = [];
    const failpoint: Failpoint = async (at) => {
      if (at !== 'fetched.before') return;
      found.push((await own.pool.query(`select deferred_until from reconcile_listings ${its}`)).rows);
      if (found.length > 1) return;
      await own.pool.query(`update reconcile_listings set deferred_until = now() + interval '1 hour' ${its}`);
      throw new Error('it died');
    };
    expect(await reconcileHere({ ...here, failpoint }, { sample: 3 })).toMatchObject({ verdict: 'clean' });
    expect(found.slice(0, 2)).toEqual([[{ deferred_until: null }], [{ deferred_until: null }]]);
  });

  test('and nowhere else is a sample drawn', async () => {
    const scene = await synced('cursor', incremental);
    const here = { own, partner: scene.partner, stream: 'cursor' };
    await expect(reconcileHere(here, { sample: 1 })).rejects.toThrow('no definition says how a record of');
  });
});
