import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR, MINUTE, SECOND } from '../../../core/duration.ts';
import type { Limiter } from '../../../limits/permits/limiter.ts';
import { granted, nextCredential, openLimiters, quota, type Limiters } from '../limiters.ts';

let limiters: Limiters;
beforeAll(async () => {
  limiters = await openLimiters();
});
afterAll(() => limiters.close());
const limiterOf: Limiters['of'] = (...given) => limiters.of(...given);
const bucketOf = async (credential: string): Promise<unknown> =>
  (await limiters.database.pool.query('select * from syncline.limit_buckets where credential = $1', [credential])).rows;
/** The row as it would be if all of this had been so much longer ago. */
const age = (credential: string, ms: number): Promise<unknown> =>
  limiters.database.pool.query(
    'update syncline.limit_buckets set tat_us = tat_us - $2::double precision * 1000 where credential = $1',
    [credential, ms],
  );

describe('the rate', () => {
  test('gives its burst, then one per period', async () => {
    const credential = nextCredential();
    const limits = { rate: 1, per: HOUR, burst: 4 };
    // The fourth is what pays for lateness: it comes 20 ms later, or more on a slow machine. The fifth would in an hour.
    const causesOf = async (asking: number): Promise<readonly string[]> => {
      const permits = await Promise.all(
        Array.from({ length: asking }, (_, i) =>
          limiterOf(limits, { credential, pool: limiters.pools[i % 3]! }).ask({ patienceMs: MINUTE }),
        ),
      );
      return permits.map((permit) => (permit.granted ? 'granted' : permit.cause)).toSorted();
    };
    expect(await causesOf(24)).toEqual([...Array<string>(4).fill('granted'), ...Array<string>(20).fill('rate')]);
    await age(credential, HOUR);
    expect(await causesOf(9)).toEqual(['granted', ...Array<string>(8).fill('rate')]);
    await age(credential, 99 * HOUR);
    expect(await causesOf(9)).toEqual([...Array<string>(4).fill('granted'), ...Array<string>(5).fill('rate')]);
  });

  test('reserves nothing for who is refused', async () => {
    const credential = nextCredential();
    const limits = { quotas: [quota({ limit: 1, per: 'day' })], concurrency: 5 };
    granted(await limiterOf(limits, { credential }).ask());
    const before = await bucketOf(credential);
    for (let i = 0; i < 5; i++) expect((await limiterOf(limits, { credential }).ask()).granted).toBe(false);
    expect(await bucketOf(credential)).toEqual(before);
    const { rows } = await limiters.database.pool.query('select 1 from syncline.leases where credential = $1', [
      credential,
    ]);
    expect(rows).toHaveLength(1);
  });

  test('of one credential is no other’s, and one without a limit is free', async () => {
    const limits = { rate: 1, per: HOUR, burst: 5 };
    for (let i = 0; i < 2; i++) expect(await limiterOf(limits).ask()).toMatchObject({ granted: true });
    const free = limiterOf({});
    for (let i = 0; i < 10; i++) expect(await free.ask()).toMatchObject({ granted: true });
  });

  test('is waited for as long as the caller has patience', async () => {
    const limits = { rate: 10, per: SECOND, burst: 4 };
    const limiter = limiterOf(limits);
    const asked = await Promise.all(Array.from({ length: 8 }, () => limiter.ask({ patienceMs: MINUTE })));
    expect(asked.every((permit) => permit.granted)).toBe(true);
  });
});

describe('a block', () => {
  test('stops everyone with the credential, and the longest one stays with its reason', async () => {
    const credential = nextCredential();
    const [a, b] = [limiters.pools[0]!, limiters.pools[1]!].map((pool) => limiterOf({}, { credential, pool })) as [
      Limiter,
      Limiter,
    ];
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

/** So many permits it still gives. */
const left = async (limiter: Limiter): Promise<number> => {
  for (let count = 0; ; count++) if (!(await limiter.ask()).granted) return count;
};

describe('what critical work still needs of a quota', () => {
  const critical = { lane: 'critical', work: { name: 'sync/acme/payments', left: 3 } } as const;
  test('is kept from the other lanes, as much as it says', async () => {
    const limiter = limiterOf({ quotas: [quota({ limit: 10 })] });
    granted(await limiter.ask(critical));
    expect(await left(limiter)).toBe(6);
    expect(await limiter.ask()).toMatchObject({ cause: 'daily: what is left is kept for critical work' });
    for (let i = 0; i < 3; i++) granted(await limiter.ask(critical));
    expect(await limiter.ask(critical)).toMatchObject({ granted: false, cause: 'daily' });
  });

  test('is all there is when it cannot know', async () => {
    const limiter = limiterOf({ quotas: [quota({ limit: 10 })] });
    granted(await limiter.ask({ lane: 'critical', work: { name: 'sync/acme/payments', left: Infinity } }));
    expect(await left(limiter)).toBe(0);
  });

  test('is the sum of what each says, and free once it is done', async () => {
    const limiter = limiterOf({ quotas: [quota({ limit: 20 })] });
    granted(await limiter.ask(critical));
    granted(await limiter.ask({ lane: 'critical', work: { name: 'sync/acme/refunds', left: 13 } }));
    expect(await left(limiter)).toBe(2);
    await limiter.finished?.('sync/acme/refunds');
    expect(await left(limiter)).toBe(13);
    await limiter.finished?.('sync/acme/payments');
    expect(await left(limiter)).toBe(3);
  });
});

describe('a block that somebody lifts', () => {
  test('ends in the process that was told of it, too', async () => {
    const credential = nextCredential();
    const limiter = limiterOf({ quotas: [quota({ limit: 10 })] }, { credential });
    granted(await limiter.ask());
    await limiter.block(HOUR, 'too many requests');
    expect(await limiter.ask()).toMatchObject({ granted: false });
    await limiters.database.pool.query('update syncline.credentials set blocked_until = null where credential = $1', [
      credential,
    ]);
    const { departure } = granted(await limiter.ask());
    const sent = await new Promise<boolean>((resolve) => {
      departure?.ready(
        () => resolve(true),
        () => resolve(false),
      );
    });
    expect(sent).toBe(true);
  });
});
