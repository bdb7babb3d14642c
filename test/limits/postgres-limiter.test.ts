import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { HOUR, SECOND } from '../../core/duration.ts';
import type { Lane } from '../../core/names.ts';
import { limits as limitsSchema, type Limits } from '../../definitions/definition.ts';
import { LEASE_MS } from '../../limits/leases.ts';
import { postgresLimiter } from '../../limits/postgres-limiter.ts';
import type { GrantedPermit, Limiter, Permit } from '../../limits/limiter.ts';
import { openPool } from '../../warehouse/postgres/postgres-warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pools: Pool[];
beforeAll(async () => {
  database = await freshDatabase();
  pools = [1, 2, 3].map(() => openPool(database.url, 4));
});
afterAll(async () => {
  // What they still hold is renewed until then.
  for (const limiter of limiters) await limiter.close?.();
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

type Quota = Limits['quotas'][number];
const quota = (change: Partial<Quota>): Quota => ({
  name: 'daily',
  limit: 10,
  per: 'day',
  resetAt: '00:00',
  zone: 'UTC',
  unit: 'requests',
  ...change,
});

let credentials = 0;
const limiters: Limiter[] = [];
const nextCredential = (): string => `credential ${++credentials}`;
const limiterOf = (
  change: Partial<Limits>,
  { credential = nextCredential(), pool = pools[0]!, leaseMs = 60_000 } = {},
): Limiter => {
  const limits = { ...limitsSchema.parse({}), ...change };
  const limiter = postgresLimiter(pool, { partner: 'acme', credential, limits, leaseMs });
  limiters.push(limiter);
  return limiter;
};
const granted = (permit: Permit): GrantedPermit => {
  if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
  return permit;
};
const bucketOf = async (credential: string): Promise<unknown> =>
  (await database.pool.query('select * from syncline.limit_buckets where credential = $1', [credential])).rows;
/** The row as it would be if all of this had been so much longer ago. */
const age = (credential: string, ms: number): Promise<unknown> =>
  database.pool.query(
    'update syncline.limit_buckets set tat_us = tat_us - $2::double precision * 1000 where credential = $1',
    [credential, ms],
  );

describe('the rate', () => {
  test('gives its burst at once, less what a late request would need, then one per period', async () => {
    const credential = nextCredential();
    const limits = { rate: 1, per: HOUR, burst: 4 };
    const asked = await Promise.all(
      Array.from({ length: 24 }, (_, i) => limiterOf(limits, { credential, pool: pools[i % 3]! }).ask()),
    );
    // The fourth is what pays for lateness: it comes 20 ms later, perhaps within this round.
    const first = asked.filter((permit) => permit.granted).length;
    expect([3, 4]).toContain(first);
    const refused = asked.filter((permit) => !permit.granted);
    expect(new Set(refused.map(({ cause }) => cause))).toEqual(new Set(['rate']));
    await age(credential, HOUR);
    const later = await Promise.all(Array.from({ length: 9 }, () => limiterOf(limits, { credential }).ask()));
    expect(later.filter((permit) => permit.granted).length).toBeLessThanOrEqual(5 - first);
    expect(later.some((permit) => permit.granted)).toBe(true);
    await age(credential, 99 * HOUR);
    const rested = await Promise.all(Array.from({ length: 9 }, () => limiterOf(limits, { credential }).ask()));
    expect([3, 4]).toContain(rested.filter((permit) => permit.granted).length);
  });

  test('reserves nothing for who is refused', async () => {
    const credential = nextCredential();
    const limits = { quotas: [quota({ limit: 1, per: 'day' })], concurrency: 5 };
    granted(await limiterOf(limits, { credential }).ask());
    const before = await bucketOf(credential);
    for (let i = 0; i < 5; i++) expect((await limiterOf(limits, { credential }).ask()).granted).toBe(false);
    expect(await bucketOf(credential)).toEqual(before);
    const { rows } = await database.pool.query('select 1 from syncline.leases where credential = $1', [credential]);
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
    const asked = await Promise.all(Array.from({ length: 8 }, () => limiter.ask({ patienceMs: 5000 })));
    expect(asked.every((permit) => permit.granted)).toBe(true);
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
    // Who was refused first has the next slot, if it asks again at once. Here nobody does.
    await sleep(150);
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

describe('a slot whose owner is silent', () => {
  const leaseMs = LEASE_MS;
  /** Nobody is called silent by a database that has only just started. */
  beforeAll(async () => {
    const age = `select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 * 1000 as ms`;
    const { rows } = await database.pool.query<{ ms: number }>(age);
    await sleep(Math.max(0, leaseMs - (rows[0]?.ms ?? 0)));
  });
  /** Its session holds the lock: the lease says whose it is. */
  const withSlot = async (credential: string): Promise<Limiter> => {
    const owner = limiterOf({ concurrency: 1 }, { credential, leaseMs });
    for (;;) {
      const permit = granted(await owner.ask({ patienceMs: SECOND }));
      const { rows } = await database.pool.query<{ lease: string }>(
        'select lease::text from syncline.leases where credential = $1',
        [credential],
      );
      if (rows[0]?.lease[14] === '8') return owner;
      await permit.release();
    }
  };
  const silenceFor = (credential: string, ms: number): Promise<unknown> =>
    database.pool.query(
      `update syncline.leases set expires_at = clock_timestamp() + $2 * interval '1 ms' where credential = $1`,
      [credential, leaseMs - ms],
    );
  /** Looks more than once: the first time finds out who is gone. */
  const comesFree = async (credential: string, patienceMs = SECOND / 2): Promise<boolean> => {
    const other = limiterOf({ concurrency: 1 }, { credential, pool: pools[1]!, leaseMs });
    const permit = await other.ask({ patienceMs });
    if (permit.granted) await permit.release();
    await other.close?.();
    return permit.granted;
  };
  const sessions = `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'syncline slots' and datname = current_database()`;

  test('comes free when its session ended, long before the lease does', async () => {
    const credential = nextCredential();
    const owner = await withSlot(credential);
    await owner.close?.();
    await silenceFor(credential, 0);
    expect(await comesFree(credential)).toBe(false);
    await silenceFor(credential, 5 * SECOND);
    expect(await comesFree(credential, 2 * SECOND)).toBe(true);
  });

  test('stays taken while the session lives, for a process may only stand still', async () => {
    const credential = nextCredential();
    const owner = await withSlot(credential);
    await silenceFor(credential, 5 * SECOND);
    expect(await comesFree(credential)).toBe(false);
    await owner.close?.();
  });

  test('stays taken when only the session is lost, and the owner gets a new one', async () => {
    const credential = nextCredential();
    const owner = await withSlot(credential);
    await database.pool.query(sessions);
    expect(await comesFree(credential)).toBe(false);
    const isLocked = async (): Promise<boolean> => {
      const { rows } = await database.pool.query(
        `select 1 from pg_locks as o join syncline.leases as l
            on lpad(to_hex(o.classid::bigint << 32 | o.objid::bigint), 12, '0') = left(replace(l.lease::text, '-', ''), 12)
          where o.locktype = 'advisory' and l.credential = $1`,
        [credential],
      );
      return rows.length > 0;
    };
    while (!(await isLocked())) await sleep(50);
    await silenceFor(credential, 5 * SECOND);
    expect(await comesFree(credential)).toBe(false);
    await owner.close?.();
  });
});

/** Who had it, in order, until the second process has had it three times; the first one always has two requests. */
const owners = async (lane: Lane): Promise<string> => {
  const credential = nextCredential();
  let order = '';
  const stream = async (name: string, limiter: Limiter, asks: Lane): Promise<void> => {
    while (order.split('B').length <= 3) {
      const permit = granted(await limiter.ask({ lane: asks, patienceMs: 10 * SECOND }));
      order += name;
      await sleep(5);
      await permit.release();
    }
  };
  const [first, second] = [0, 1].map((i) => limiterOf({ concurrency: 1 }, { credential, pool: pools[i]! }));
  await Promise.all([stream('A', first!, lane), stream('A', first!, lane), stream('B', second!, 'normal')]);
  await Promise.all([first?.close?.(), second?.close?.()]);
  return order;
};
const longest = (order: string): number => Math.max(...order.split('B').map((part) => part.length));

/** Both last for moments that a machine which stands still for longer may miss: three tries. */
async function longestOf(lane: Lane, fits: (longest: number) => boolean): Promise<number> {
  // Two of its requests may have asked before the other process did.
  const ran = async (): Promise<number> => longest((await owners(lane)).replace(/^A*/, ''));
  for (let left = 2; left > 0; left--) {
    const found = await ran();
    if (fits(found)) return found;
  }
  return ran();
}

describe('a slot that two processes want', () => {
  test('is used again at once by the one that has it, for a while, and then goes to the other', async () => {
    expect(await longestOf('normal', (found) => found > 5)).toBeGreaterThan(5);
  });

  test('goes to the other at once where the first one has only backfills', async () => {
    expect(await longestOf('backfill', (found) => found < 6)).toBeLessThan(6);
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
    await database.pool.query('update syncline.credentials set blocked_until = null where credential = $1', [
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

/** Made ready: resolves with what becomes of it. */
const ready = ({ departure }: GrantedPermit): Promise<'sent' | 'turned back'> =>
  new Promise((resolve) =>
    departure?.ready(
      () => resolve('sent'),
      () => resolve('turned back'),
    ),
  );

describe('a request that waits', () => {
  const departing = { departs: true, patienceMs: 5 * SECOND } as const;

  test('is made ready meanwhile, and leaves when its slot is there', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    const waiting = granted(await limiter.ask(departing));
    const left = ready(waiting);
    expect(await Promise.race([left, sleep(300, 'kept')])).toBe('kept');
    await holder.release();
    expect(await left).toBe('sent');
    expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'concurrency' });
    await waiting.release();
  });

  test('is made ready only if it leaves by its departure', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    const waiting = limiter.ask({ patienceMs: 5 * SECOND });
    expect(await Promise.race([waiting, sleep(300, 'kept')])).toBe('kept');
    await holder.release();
    await granted(await waiting).release();
  });

  test('leaves after a critical one that came later', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    const normal = granted(await limiter.ask(departing));
    const order: string[] = [];
    const normalLeft = ready(normal).then(() => order.push('normal'));
    const critical = granted(await limiter.ask({ ...departing, lane: 'critical' }));
    const criticalLeft = ready(critical).then(() => order.push('critical'));
    await holder.release();
    await criticalLeft;
    await critical.release();
    await normalLeft;
    expect(order).toEqual(['critical', 'normal']);
    await normal.release();
  });

  test('is turned back when somebody is told to stay away meanwhile', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    const left = ready(granted(await limiter.ask(departing)));
    await limiter.block(HOUR, 'too many requests');
    await holder.release();
    expect(await left).toBe('turned back');
  });

  test('is turned back when its patience is over', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    expect(await ready(granted(await limiter.ask({ ...departing, patienceMs: 400 })))).toBe('turned back');
    await holder.release();
  });

  test('is not made ready for what is far away', async () => {
    const limiter = limiterOf({ quotas: [quota({ limit: 1 })] });
    granted(await limiter.ask());
    expect(await limiter.ask(departing)).toMatchObject({ granted: false, cause: 'daily' });
  });

  test('keeps no slot from another process while it is not ready yet', async () => {
    const credential = nextCredential();
    const [mine, other] = [0, 1].map((i) => limiterOf({ concurrency: 1 }, { credential, pool: pools[i]! }));
    const holder = granted(await mine!.ask());
    const slow = granted(await mine!.ask(departing));
    await holder.release();
    await granted(await other!.ask({ patienceMs: 3 * SECOND })).release();
    expect(await ready(slow)).toBe('sent');
    await slow.release();
    await Promise.all([mine?.close?.(), other?.close?.()]);
  });

  test('takes no slot when it was given up while it was made ready', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask());
    const given = granted(await limiter.ask(departing));
    await given.release();
    await holder.release();
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });
});
