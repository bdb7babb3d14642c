import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { limits as limitsSchema, type Limits } from '../../definitions/definition.ts';
import { postgresLimiter } from '../../limits/postgres-limiter.ts';
import type { Limiter, Permit } from '../../limits/limiter.ts';
import { openPool } from '../../warehouse/postgres/postgres-warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pools: Pool[];
beforeAll(async () => {
  database = await freshDatabase();
  pools = [1, 2, 3].map(() => openPool(database.url, 4));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

let credentials = 0;
const nextCredential = (): string => `credential ${++credentials}`;
const limiterOf = (
  change: Partial<Limits>,
  { credential = nextCredential(), pool = pools[0]!, leaseMs = 60_000 } = {},
): Limiter =>
  postgresLimiter(pool, { partner: 'acme', credential, limits: { ...limitsSchema.parse({}), ...change }, leaseMs });
const granted = (permit: Permit): Extract<Permit, { granted: true }> => {
  if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
  return permit;
};
const tatOf = async (credential: string): Promise<unknown> =>
  (await database.pool.query('select tat from syncline.credentials where credential = $1', [credential])).rows;

describe('the rate', () => {
  test.each([
    ['no burst', { rate: 100, per: 1000, burst: 1 }],
    ['a burst', { rate: 60, per: 1000, burst: 15 }],
    ['a rate that does not divide its period', { rate: 7, per: 100, burst: 3 }],
  ])('is kept in every window by many askers on several connections, and used: %s', async (_what, limits) => {
    const credential = nextCredential();
    const periodUs = Math.ceil((limits.per * 1000) / limits.rate);
    const until = Date.now() + 1500;
    // By the database's clock: a grant falls somewhere between the start of its statement and its end.
    const grants: { from: number; to: number }[] = [];
    const asker = async (pool: Pool): Promise<void> => {
      while (Date.now() < until) {
        const { rows } = await pool.query<{ wait_ms: number; from: string; to: string }>(
          `select wait_ms, extract(epoch from statement_timestamp()) * 1000000 as from,
              extract(epoch from clock_timestamp()) * 1000000 as to
            from acquire_permit($1, 'acme', $2, $3, null, null, 0)`,
          [credential, periodUs, limits.burst],
        );
        const { wait_ms: waitMs, from, to } = rows[0]!;
        if (waitMs === 0) grants.push({ from: Number(from), to: Number(to) });
        else await sleep(Math.min(waitMs, 5));
      }
    };
    await Promise.all(pools.flatMap((pool) => [asker(pool), asker(pool), asker(pool)]));
    const tooMany = grants.flatMap(({ from }) =>
      grants.flatMap(({ to }) => {
        const within = grants.filter((grant) => grant.from >= from && grant.to <= to).length;
        return within > limits.burst + (to - from) / periodUs ? [{ within, windowUs: to - from }] : [];
      }),
    );
    expect(tooMany.filter(({ windowUs }) => windowUs >= 0)).toEqual([]);
    expect(grants.length).toBeGreaterThan(limits.burst);
  });

  test('is exactly that of the model: burst at once, then one per period, by the clock of the database', async () => {
    const credential = nextCredential();
    const limits = { rate: 1, per: 3_600_000, burst: 4 };
    const asked = await Promise.all(
      Array.from({ length: 24 }, (_, i) => limiterOf(limits, { credential, pool: pools[i % 3]! }).ask()),
    );
    expect(asked.filter((permit) => permit.granted)).toHaveLength(4);
    const refused = asked.filter((permit) => !permit.granted);
    expect(new Set(refused.map(({ cause }) => cause))).toEqual(new Set(['rate']));
    expect(refused.every(({ waitMs }) => waitMs > 3_500_000 && waitMs <= 3_600_000)).toBe(true);
    // An hour later by the row: exactly one more.
    await database.pool.query(`update syncline.credentials set tat = tat - interval '1 hour' where credential = $1`, [
      credential,
    ]);
    const later = await Promise.all(Array.from({ length: 9 }, () => limiterOf(limits, { credential }).ask()));
    expect(later.filter((permit) => permit.granted)).toHaveLength(1);
    // After a long rest the burst is full again, and no fuller.
    await database.pool.query(`update syncline.credentials set tat = tat - interval '99 hours' where credential = $1`, [
      credential,
    ]);
    const rested = await Promise.all(Array.from({ length: 9 }, () => limiterOf(limits, { credential }).ask()));
    expect(rested.filter((permit) => permit.granted)).toHaveLength(4);
  });

  test('reserves nothing for who is refused', async () => {
    const credential = nextCredential();
    const limiter = limiterOf({ rate: 1, per: 3_600_000, burst: 1, concurrency: 5 }, { credential });
    granted(await limiter.ask());
    const before = await tatOf(credential);
    for (let i = 0; i < 5; i++) expect((await limiter.ask()).granted).toBe(false);
    expect(await tatOf(credential)).toEqual(before);
    const { rows } = await database.pool.query('select 1 from syncline.leases where credential = $1', [credential]);
    expect(rows).toHaveLength(1);
  });

  test('of one credential is no other’s, and one without a limit is free', async () => {
    const limits = { rate: 1, per: 3_600_000, burst: 1 };
    for (let i = 0; i < 2; i++) expect(await limiterOf(limits).ask()).toMatchObject({ granted: true });
    const free = limiterOf({});
    for (let i = 0; i < 10; i++) expect(await free.ask()).toMatchObject({ granted: true });
  });

  test('is waited for as long as it says: then the permit is there', async () => {
    const limiter = limiterOf({ rate: 10, per: 1000, burst: 1 });
    granted(await limiter.ask());
    const refused = await limiter.ask();
    if (refused.granted) throw new Error('granted twice');
    await sleep(Math.ceil(refused.waitMs) + 2);
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });
});

describe('a block', () => {
  test('stops everyone with the credential, and the longest one stays with its reason', async () => {
    const credential = nextCredential();
    const [a, b] = [pools[0]!, pools[1]!].map((pool) => limiterOf({}, { credential, pool })) as [Limiter, Limiter];
    granted(await b.ask());
    const long = await a.block(3_600_000, 'the day is used up');
    expect(await b.block(1000, 'slow down')).toBe(long);
    const permit = await b.ask();
    expect(permit).toMatchObject({ granted: false, cause: 'the day is used up' });
    const longer = await b.block(7_200_000, 'banned');
    expect(longer > long).toBe(true);
    expect(await a.ask()).toMatchObject({ granted: false, cause: 'banned' });
    granted(await limiterOf({}).ask());
  });

  test('ends by itself', async () => {
    const limiter = limiterOf({});
    await limiter.block(50, 'slow down');
    const permit = await limiter.ask();
    await sleep(permit.granted ? 0 : Math.ceil(permit.waitMs) + 2);
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });

  test('of no length stops nobody', async () => {
    const limiter = limiterOf({});
    await limiter.block(0, 'go on');
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });
});

describe('the slots of a concurrency limit', () => {
  test('are as many as it says, however many ask at once, and come free when they are given back', async () => {
    const credential = nextCredential();
    const asked = await Promise.all(
      Array.from({ length: 18 }, (_, i) => limiterOf({ concurrency: 3 }, { credential, pool: pools[i % 3]! }).ask()),
    );
    const held = asked.filter((permit) => permit.granted);
    expect(held).toHaveLength(3);
    const limiter = limiterOf({ concurrency: 3 }, { credential });
    expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'concurrency' });
    await granted(held[0]!).release();
    await granted(held[0]!).release();
    granted(await limiter.ask());
    expect((await limiter.ask()).granted).toBe(false);
  });

  test('come free by themselves when their owner dies', async () => {
    const credential = nextCredential();
    const mortal = limiterOf({ concurrency: 1 }, { credential, leaseMs: 60_000 });
    granted(await mortal.ask());
    expect((await mortal.ask()).granted).toBe(false);
    await database.pool.query(`update syncline.leases set expires_at = now() - interval '1 ms' where credential = $1`, [
      credential,
    ]);
    granted(await mortal.ask());
  });
});
