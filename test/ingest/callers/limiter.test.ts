import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Pool } from 'pg';
import type { CallerLimits, CallerTier } from '../../../core/caller.ts';
import { noCallerMetrics } from '../../../ingest/callers/caller-metrics.ts';
import { CallerLimiter } from '../../../ingest/callers/limiter.ts';
import { addCaller } from '../../../store/callers/change-callers.ts';
import { overrideLimits, setCallerLimits, setTierLimits } from '../../../store/callers/limits.ts';
import { takeTokens } from '../../../store/callers/take-tokens.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { long } from '../../support/long.ts';
import { usePool } from '../../support/use-pool.ts';
import { ownTime, setTime } from '../support/set-time.ts';
import { limiterModel } from './limiter-model.ts';

const db = usePool();
const others: Pool[] = [];
const person = { by: 'ann', reason: 'a test' };
const DAY_US = 86_400_000_000;
const NOON_US = Date.UTC(2026, 10, 24, 12) * 1000;

let made = 0;
async function caller(
  limits: Partial<CallerLimits>,
  tier: CallerTier = 'normal',
): Promise<{ readonly id: string; readonly tier: CallerTier }> {
  const id = `caller-${++made}`;
  await addCaller(db.pool, { id, tier, scopes: ['acme/*'], addresses: null, certificate: null, limits }, person);
  return { id, tier };
}

beforeAll(async () => {
  await ownTime(db.pool);
  others.push(...[1, 2, 3].map(() => openPool(db.database.url, 2)));
});
afterAll(async () => {
  await Promise.all(others.map((pool) => pool.end()));
});

/** Rates whose unit is a whole number of microseconds, so that the model is exact. */
const limits = fc.record({
  rate: fc.constantFrom(1000, 50, 8, 1, 0.25),
  burst: fc.integer({ min: 1, max: 12 }),
  daily: fc.constantFrom(null, 15, 40),
});
const steps = fc.array(
  fc.record({
    pauseUs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 3_000_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: DAY_US }) },
    ),
    asked: fc.array(fc.record({ who: fc.nat(2), cost: fc.integer({ min: 1, max: 15 }) }), {
      minLength: 1,
      maxLength: 8,
    }),
    change: fc.option(fc.record({ who: fc.nat(2), limits }), { freq: 6 }),
  }),
  { minLength: 5, maxLength: 30 },
);

describe('take_tokens', () => {
  test('admits what a bucket that fills with time admits, whoever asks together and whatever changes meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(limits, limits, limits), steps, async (begin, sequence) => {
        let nowUs = NOON_US;
        const callers = await Promise.all(begin.map((one) => caller({ ...one, daily: one.daily ?? 1e9 })));
        const models = begin.map((one) => limiterModel(one, nowUs));
        for (const { pauseUs, asked, change } of sequence) {
          nowUs += pauseUs;
          await setTime(db.pool, nowUs);
          if (change !== null) {
            const { id } = callers[change.who] as { id: string };
            await setCallerLimits(db.pool, id, { ...change.limits, daily: change.limits.daily ?? 1e9 }, person);
            models[change.who]?.change(nowUs, change.limits);
          }
          const taken = await takeTokens(
            db.pool,
            asked.map(({ who, cost }) => ({ caller: callers[who]?.id as string, tier: 'normal', cost })),
          );
          expect(
            taken.map(({ cause, tokens, used }) => ({
              cause,
              remaining: Math.max(0, Math.floor(tokens)),
              used,
            })),
          ).toEqual(asked.map(({ who, cost }) => models[who]?.take(nowUs, cost)));
        }
      }),
      { numRuns: long ? 1000 : 25, ...(long ? {} : { seed: 18 }) },
    );
  }, 600_000);

  test('says when the request would be admitted, and it is then and not a microsecond before', async () => {
    const { id } = await caller({ rate: 8, burst: 4 });
    const ask = async (cost: number) => (await takeTokens(db.pool, [{ caller: id, tier: 'normal', cost }]))[0];
    await setTime(db.pool, NOON_US);
    expect(await ask(4)).toMatchObject({ cause: null, tokens: 0, nextUs: 125_000 });
    expect(await ask(3)).toMatchObject({ cause: 'rate', waitUs: 375_000 });
    await setTime(db.pool, NOON_US + 374_999);
    expect(await ask(3)).toMatchObject({ cause: 'rate', waitUs: 1 });
    await setTime(db.pool, NOON_US + 375_000);
    expect(await ask(3)).toMatchObject({ cause: null, tokens: 0 });
  });

  test('lets a request of more units than the burst holds through when that is whole, and has the others wait for it', async () => {
    const { id } = await caller({ rate: 1, burst: 10 });
    await setTime(db.pool, NOON_US);
    const [large, next] = await takeTokens(db.pool, [
      { caller: id, tier: 'normal', cost: 25 },
      { caller: id, tier: 'normal', cost: 1 },
    ]);
    expect(large).toMatchObject({ cause: null, tokens: -15 });
    expect(next).toMatchObject({ cause: 'rate', waitUs: 16_000_000 });
  });

  test('counts by the day of UTC, and says once that 80 % of it are used', async () => {
    const { id } = await caller({ rate: 1000, burst: 1000, daily: 10 });
    const ask = async (cost: number) => (await takeTokens(db.pool, [{ caller: id, tier: 'normal', cost }]))[0];
    await setTime(db.pool, NOON_US);
    expect(await ask(7)).toMatchObject({ cause: null, crosses: false, dayUs: DAY_US / 2 });
    expect(await ask(1)).toMatchObject({ cause: null, crosses: true });
    expect(await ask(1)).toMatchObject({ cause: null, crosses: false, used: 9 });
    expect(await ask(2)).toMatchObject({ cause: 'quota', waitUs: DAY_US / 2, used: 9 });
    expect(await ask(1)).toMatchObject({ cause: null, used: 10 });
    await setTime(db.pool, NOON_US + DAY_US / 2);
    expect(await ask(8)).toMatchObject({ cause: null, crosses: true, used: 8 });
  });

  test('takes limits for a time before those of the caller, and these before those of its tier', async () => {
    const { id } = await caller({ burst: 7 }, 'bulk');
    const inForce = async () => {
      const [taken] = await takeTokens(db.pool, [{ caller: id, tier: 'critical', cost: 1 }]);
      return [taken?.rate, taken?.burst, taken?.daily];
    };
    await setTime(db.pool, Date.now() * 1000);
    expect(await inForce()).toEqual([50, 7, 5_000_000]);
    await overrideLimits(db.pool, { caller: id, limits: { rate: 3 }, forMs: 60_000 }, person);
    expect(await inForce()).toEqual([3, 7, 5_000_000]);
    await setTime(db.pool, (Date.now() + 120_000) * 1000);
    expect(await inForce()).toEqual([50, 7, 5_000_000]);
    await setTierLimits(db.pool, 'bulk', { rate: 60, daily: null }, person);
    expect(await inForce()).toEqual([60, 7, null]);
    // The sender of a webhook is no row of `callers`.
    const [hook] = await takeTokens(db.pool, [{ caller: 'hooks/acme/stripe', tier: 'critical', cost: 1 }]);
    expect([hook?.rate, hook?.daily]).toEqual([200, null]);
  });

  test('admits exactly the burst over several processes that ask for several callers in any order', async () => {
    await setTime(db.pool, NOON_US);
    const callers = await Promise.all(Array.from({ length: 6 }, (_, i) => caller({ rate: 1, burst: 30 + i })));
    // Nobody has counted for these before.
    await db.pool.query('delete from syncline.caller_buckets');
    const limiters = [db.pool, ...others].map((pool) => new CallerLimiter(pool, { now: () => 0 }));
    const admissions = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        limiters.map((limiter) => {
          const turned = callers.map((_, i) => callers[(i * (n % 2 === 0 ? 1 : 5) + n) % callers.length] ?? callers[0]);
          return limiter
            .take(turned.map((one) => ({ caller: one as { id: string; tier: CallerTier }, cost: 1 })))
            .then((all) => all.map(({ allowed }, i) => ({ id: turned[i]?.id, allowed })));
        }),
      ).flat(),
    );
    const admitted = callers.map(({ id }) => admissions.flat().filter((one) => one.id === id && one.allowed).length);
    expect(admitted).toEqual([30, 31, 32, 33, 34, 35]);
  });
});

/** The same pool, and how often it is asked. */
function counted(pool: Pool): { readonly pool: Pool; readonly asked: () => number } {
  let asked = 0;
  const counting = new Proxy(pool, {
    get: (target, name) => {
      if (name === 'query') asked += 1;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { pool: counting, asked: () => asked };
}

describe('a process', () => {
  test('asks once for all that comes in one turn', async () => {
    await setTime(db.pool, NOON_US);
    const { pool, asked } = counted(db.pool);
    const limiter = new CallerLimiter(pool);
    const [one, two] = [await caller({ burst: 100 }), await caller({ burst: 2 })];
    const admissions = await Promise.all(
      Array.from({ length: 100 }, (_, i) => limiter.take([{ caller: i % 2 === 0 ? one : two, cost: 1 }])),
    );
    expect(admissions.flat().filter(({ allowed }) => allowed)).toHaveLength(52);
    expect(asked()).toBe(1);
  });

  test('answers a caller that tries again at once from memory, for a second at most, and never what is smaller', async () => {
    await setTime(db.pool, NOON_US);
    const { pool, asked } = counted(db.pool);
    let nowMs = 0;
    const limiter = new CallerLimiter(pool, { now: () => nowMs });
    const shop = await caller({ rate: 0.25, burst: 5 });
    const take = async (cost: number) => (await limiter.take([{ caller: shop, cost }]))[0];
    expect(await take(3)).toMatchObject({ allowed: true, retryAfterS: 0 });
    // Two are left: the third one is there in four seconds.
    expect(await take(3)).toMatchObject({ allowed: false, cause: 'rate', retryAfterS: 4 });
    for (let i = 0; i < 50; i++) expect(await take(4)).toMatchObject({ allowed: false, cause: 'rate' });
    expect(asked()).toBe(2);
    expect(await take(2)).toMatchObject({ allowed: true });
    await take(2);
    nowMs = 1000;
    await setTime(db.pool, NOON_US + 1_000_000);
    await setCallerLimits(db.pool, shop.id, { rate: 100 }, person);
    expect(await take(1)).toMatchObject({ allowed: false });
    await setTime(db.pool, NOON_US + 20_010_000);
    expect(await take(1)).toMatchObject({ allowed: false });
    nowMs = 2000;
    expect(await take(1)).toMatchObject({ allowed: true });
    expect(asked()).toBe(6);
  });

  test('tells requests that it refuses together to come again one after the other, and of the quota once', async () => {
    await setTime(db.pool, NOON_US);
    const near: string[] = [];
    const limited: string[] = [];
    const limiters = [db.pool, ...others].map(
      (pool) =>
        new CallerLimiter(pool, {
          now: () => 0,
          metrics: {
            ...noCallerMetrics,
            nearQuota: (id) => near.push(id),
            limited: (id, cause) => limited.push(`${id} ${cause}`),
          },
        }),
    );
    const shop = await caller({ rate: 1, burst: 2, daily: 2 });
    const [all] = await Promise.all(limiters.map((limiter) => limiter.take([{ caller: shop, cost: 1 }])));
    expect(all).toHaveLength(1);
    expect(near).toEqual([shop.id]);
    expect(new Set(limited)).toEqual(new Set([`${shop.id} quota`]));
    const slow = await caller({ rate: 2, burst: 2 });
    const asked = Array.from({ length: 8 }, () => ({ caller: slow, cost: 1 }));
    expect((await limiters[0]?.take(asked))?.map(({ retryAfterS }) => retryAfterS)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });
});
