import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR, MINUTE, SECOND } from '../../../core/duration.ts';
import type { Pool } from 'pg';
import type { Lane } from '../../../core/names.ts';
import { SILENT_MS } from '../../../limits/slots/leases.ts';
import type { GrantedPermit, Limiter } from '../../../limits/permits/limiter.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { ProcessSession } from '../../../store/session/process-session.ts';
import type { HolderOptions } from '../fleet/holder.ts';
import { program } from '../fleet/programs.ts';
import { granted, nextCredential, openLimiters, type Limiters } from '../limiters.ts';

let limiters: Limiters;
beforeAll(async () => {
  limiters = await openLimiters();
});
afterAll(() => limiters.close());
const limiterOf: Limiters['of'] = (...given) => limiters.of(...given);

describe('the slots of a concurrency limit', () => {
  test('are as many as it says, however many ask at once, and come free when they are given back', async () => {
    const credential = nextCredential();
    const asked = await Promise.all(
      Array.from({ length: 18 }, (_, i) =>
        limiterOf({ concurrency: 3 }, { credential, pool: limiters.pools[i % 3]! }).ask(),
      ),
    );
    const held = asked.filter((permit) => permit.granted);
    expect(held.length).toBeLessThanOrEqual(3);
    const limiter = limiterOf({ concurrency: 3 }, { credential });
    // Where connecting takes long, some lost their patience before there was an answer.
    while (held.length < 3) held.push(granted(await limiter.ask({ patienceMs: MINUTE })));
    expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'concurrency' });
    await granted(held[0]!).release();
    await granted(held[0]!).release();
    // Who was refused first has the next slot, if it asks again at once. Here nobody does.
    granted(await limiter.ask({ patienceMs: MINUTE }));
    expect((await limiter.ask()).granted).toBe(false);
  });

  test('come free by themselves when their owner dies', async () => {
    const credential = nextCredential();
    const [mortal, heir] = [0, 1].map((i) => limiterOf({ concurrency: 1 }, { credential, pool: limiters.pools[i]! }));
    granted(await mortal!.ask({ patienceMs: MINUTE }));
    expect((await heir!.ask()).granted).toBe(false);
    // It renews nothing any more.
    await mortal!.close?.();
    await limiters.database.pool.query(
      `update syncline.leases set expires_at = now() - interval '1 ms' where credential = $1`,
      [credential],
    );
    granted(await heir!.ask({ patienceMs: MINUTE }));
  });
});

/** Looks more than once: the first time finds out who is gone. */
async function comesFree(watcher: Limiter, patienceMs = MINUTE): Promise<boolean> {
  const permit = await watcher.ask({ patienceMs });
  if (permit.granted) await permit.release();
  return permit.granted;
}
/** For a few looks. */
const AWHILE_MS = SECOND / 2;

describe('a slot whose owner is silent', () => {
  // No lease ends while a test runs, so a slot that comes free does so because its owner is gone.
  const leaseMs = HOUR;
  const opened: Limiter[] = [];
  const processes: Pool[] = [];
  /** With a session of its own. */
  const otherProcess = (): Pool => {
    const pool = openPool(limiters.database.url, 4);
    processes.push(pool);
    return pool;
  };
  /** Another process that wants it. */
  const watcherOf = async (credential: string, pool = limiters.pools[1]!): Promise<Limiter> => {
    const watcher = limiterOf({ concurrency: 1 }, { credential, pool, leaseMs });
    opened.push(watcher);
    await granted(await watcher.ask({ patienceMs: MINUTE })).release();
    return watcher;
  };
  const watched: { readonly credential: string; readonly watcher: Limiter }[] = [];
  /** Nobody is called silent by a database that has only just started, or by a process that has only just come to it. */
  beforeAll(async () => {
    for (let each = 0; each < 3; each += 1) {
      const credential = nextCredential();
      watched.push({ credential, watcher: await watcherOf(credential) });
    }
    await sleep(SILENT_MS + SECOND / 2);
  });
  afterAll(async () => {
    for (const each of opened) await each.close?.();
    for (const each of processes) await each.end();
  });
  /** Its session holds the lock: the lease says whose it is. It renews its lease for longer than others call silent. */
  const withSlot = async (credential: string): Promise<Limiter> => {
    const owner = limiterOf({ concurrency: 1 }, { credential, pool: otherProcess(), leaseMs: 2 * leaseMs });
    opened.push(owner);
    for (;;) {
      const permit = granted(await owner.ask({ patienceMs: MINUTE }));
      const { rows } = await limiters.database.pool.query<{ lease: string }>(
        'select lease::text from syncline.leases where credential = $1',
        [credential],
      );
      if (rows[0]?.lease[14] === '8') return owner;
      await permit.release();
    }
  };
  const silenceFor = (credential: string, ms: number): Promise<unknown> =>
    limiters.database.pool.query(
      `update syncline.leases set expires_at = clock_timestamp() + $2 * interval '1 ms' where credential = $1`,
      [credential, leaseMs - ms],
    );
  const lockOfLease = `from pg_locks as o join syncline.leases as l
      on lpad(to_hex(o.classid::bigint << 32 | o.objid::bigint), 12, '0') = left(replace(l.lease::text, '-', ''), 12)
    where o.locktype = 'advisory' and l.credential = $1`;

  test('comes free when its session ended, long before the lease does', async () => {
    const { credential, watcher } = watched[0]!;
    const owner = await withSlot(credential);
    await owner.close?.();
    expect(await comesFree(watcher, AWHILE_MS)).toBe(false);
    await silenceFor(credential, SILENT_MS);
    expect(await comesFree(watcher)).toBe(true);
  });

  test('is left alone by who has only just come to the database: when all were cut off, the others need a moment', async () => {
    const credential = nextCredential();
    const owner = await withSlot(credential);
    await owner.close?.();
    await silenceFor(credential, 2 * SILENT_MS);
    const cameAtMs = performance.now();
    const newcomer = limiterOf({ concurrency: 1 }, { credential, pool: otherProcess(), leaseMs });
    opened.push(newcomer);
    expect(await comesFree(newcomer)).toBe(true);
    expect(performance.now() - cameAtMs).toBeGreaterThanOrEqual(SILENT_MS);
  });

  test('stays taken while its process stands still, and comes free when that is killed', async () => {
    const { credential, watcher } = watched[1]!;
    const options: HolderOptions = { databaseUrl: limiters.database.url, credential, leaseMs };
    const holder = spawn(process.execPath, [program('holder'), JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    try {
      await once(holder.stdout, 'data');
      holder.kill('SIGSTOP');
      await silenceFor(credential, 2 * SILENT_MS);
      expect(await comesFree(watcher, AWHILE_MS)).toBe(false);
      holder.kill('SIGKILL');
      expect(await comesFree(watcher)).toBe(true);
    } finally {
      holder.kill('SIGKILL');
    }
  });

  test('stays taken when only the session is lost, and the owner gets a new one', async () => {
    const { credential, watcher } = watched[2]!;
    const owner = await withSlot(credential);
    await limiters.database.pool.query(`select pg_terminate_backend(o.pid) ${lockOfLease}`, [credential]);
    expect(await comesFree(watcher, AWHILE_MS)).toBe(false);
    const isLocked = async (): Promise<boolean> => {
      const { rows } = await limiters.database.pool.query(`select 1 ${lockOfLease}`, [credential]);
      return rows.length > 0;
    };
    while (!(await isLocked())) await sleep(20);
    // It renews, too; here it only has the lock.
    const silent = setInterval(() => void silenceFor(credential, 2 * SILENT_MS).catch(() => {}), 50);
    expect(await comesFree(watcher, 2 * AWHILE_MS)).toBe(false);
    clearInterval(silent);
    await owner.close?.();
  });
});

const claims = async (credential: string): Promise<number> => {
  const { rowCount } = await limiters.database.pool.query(
    'select from syncline.credentials where credential = $1 and slot_asker is not null',
    [credential],
  );
  return Number(rowCount);
};
/** Two processes; the first one always has a request that waits while the other is under way. */
const rivals = (keepSlotsMs: number, lane: Lane) => {
  const credential = nextCredential();
  const [first, second] = [0, 1].map((i) =>
    limiterOf({ concurrency: 1 }, { credential, pool: limiters.pools[i]!, keepSlotsMs }),
  ) as [Limiter, Limiter];
  const ask = (): Promise<GrantedPermit> => first.ask({ lane, patienceMs: MINUTE }).then(granted);
  const other = { has: false };
  return {
    credential,
    ask,
    other,
    otherAsks: async (): Promise<void> => {
      const permit = granted(await second.ask({ patienceMs: MINUTE }));
      other.has = true;
      await permit.release();
    },
    close: () => Promise.all([first.close?.(), second.close?.()]),
  };
};

test('the slots of a hundred credentials of one process stand behind one session', async () => {
  const pool = openPool(limiters.database.url, 4);
  const names = Array.from({ length: 100 }, nextCredential);
  const each = names.map((credential) => limiterOf({ concurrency: 1 }, { credential, pool }));
  // The first ones open the session; from then on leases are made in its name.
  for (const permit of await Promise.all(each.map((limiter) => limiter.ask({ patienceMs: MINUTE }))))
    await granted(permit).release();
  await ProcessSession.of(pool).connection.connected();
  const held = await Promise.all(each.map((limiter) => limiter.ask({ patienceMs: MINUTE })));
  expect(held.filter((permit) => permit.granted)).toHaveLength(100);
  const { rows } = await limiters.database.pool.query<{ owners: number; locks: number; pids: number }>(
    `select count(distinct left(l.lease::text, 13))::integer as owners,
        (select count(*)::integer from pg_locks where locktype = 'advisory' and pid = any (array_agg(o.pid))) as locks,
        count(distinct o.pid)::integer as pids
      from syncline.leases as l left join pg_locks as o on o.locktype = 'advisory' and o.objsubid = 1
        and lpad(to_hex(o.classid::bigint << 32 | o.objid::bigint), 12, '0') = left(replace(l.lease::text, '-', ''), 12)
      where l.credential = any ($1)`,
    [names],
  );
  expect(rows).toEqual([{ owners: 1, locks: 1, pids: 1 }]);
  for (const permit of held) await granted(permit).release();
  for (const limiter of each) await limiter.close?.();
  await pool.end();
});

describe('a slot that two processes want', () => {
  test('is used again by the one that has it, for as long as it may keep it, though the other waits', async () => {
    const { credential, ask, other, otherAsks, close } = rivals(HOUR, 'normal');
    // The first one to be freed goes to others: nobody waits yet.
    await (await ask()).release();
    let [has, next] = [await ask(), ask()];
    await has.release();
    [has, next] = [await next, ask()];
    const asked = otherAsks();
    while ((await claims(credential)) === 0);
    for (let uses = 0; uses < 20; uses += 1) {
      await has.release();
      [has, next] = [await next, ask()];
      expect(other.has).toBe(false);
    }
    await has.release();
    await (await next).release();
    await asked;
    await close();
  });

  test.each<[string, number, Lane]>([
    ['once it has been kept for long enough', 0, 'normal'],
    ['at once where the first one has only backfills', HOUR, 'backfill'],
  ])('goes to the other, though the first one always wants it: %s', async (_when, keepSlotsMs, lane) => {
    const { ask, other, otherAsks, close } = rivals(keepSlotsMs, lane);
    let [has, next] = [await ask(), ask()];
    const asked = otherAsks();
    while (!other.has) {
      await has.release();
      [has, next] = [await next, ask()];
    }
    await has.release();
    await (await next).release();
    await asked;
    await close();
    expect(other.has).toBe(true);
  });

  test('comes to each of four that always want it', async () => {
    const credential = nextCredential();
    const four = [0, 1, 2, 3].map((i) =>
      limiterOf({ concurrency: 1 }, { credential, pool: limiters.pools[i % limiters.pools.length]! }),
    );
    const had = new Set<Limiter>();
    const stream = async (limiter: Limiter): Promise<void> => {
      while (had.size < four.length) {
        const permit = granted(await limiter.ask({ patienceMs: MINUTE }));
        had.add(limiter);
        await sleep(5);
        await permit.release();
      }
    };
    await Promise.all(four.flatMap((limiter) => [stream(limiter), stream(limiter)]));
    for (const limiter of four) await limiter.close?.();
    expect(had.size).toBe(4);
  });

  test('is told of when it is free, and not when the one that frees it uses it again', async () => {
    const credential = nextCredential();
    const listening = await limiters.pools[1]!.connect();
    const told: string[] = [];
    listening.on('notification', ({ payload }) => payload === credential && told.push(payload));
    await listening.query('listen syncline_slots');
    const limiter = limiterOf({ concurrency: 1 }, { credential });
    const waitsFor = (): Promise<GrantedPermit> => limiter.ask({ patienceMs: MINUTE }).then(granted);
    let [has, next] = [await waitsFor(), waitsFor()];
    for (let uses = 0; uses < 5; uses += 1) {
      await has.release();
      [has, next] = [await next, waitsFor()];
    }
    await listening.query('select 1');
    expect(told).toEqual([]);
    await has.release();
    await (await next).release();
    while (told.length === 0) await sleep(5);
    listening.release(true);
    await limiter.close?.();
  });
});
