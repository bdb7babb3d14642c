import { describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { MINUTE } from '../../../core/duration.ts';
import { limits as limitsSchema } from '../../../definitions/definition.ts';
import { bucketsOf } from '../../../limits/declare/bucket.ts';
import { PermitCalls, type Batch } from '../../../limits/permits/permit-calls.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { LockTimeout, TurnConnection } from '../../../limits/turns/turn-connection.ts';
import { TurnSessions } from '../../../limits/turns/turn-sessions.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { freshDatabase } from '../../support/database.ts';
import { sideBySide } from '../../support/side-by-side.ts';

const declared = limitsSchema.parse({ rate: 50 });
const one: Batch = {
  requests: [{ charges: [1], lane: 'normal' }],
  critical: false,
  leases: null,
  freed: [],
  lateMs: 0,
};
const report = { sent: [{ charges: [1], agoMs: 0 }], tatInMs: 20, leastMs: 3, unused: [] };
const begin = (turns: TurnConnection) => turns.begin(one, 200);

interface Ground {
  readonly db: Pool;
  /** Processes with so few connections that all but one of their turns are held together. */
  readonly pools: readonly [Pool, Pool];
  /** One with as many as is usual. */
  readonly usual: Pool;
  turnsOf(pool: Pool, credential: string): { readonly calls: PermitCalls; readonly turns: TurnConnection };
  /** Of all processes, for turns. */
  connections(): Promise<number>;
  /** Its one connection of its own has a turn: the next ones are held together. */
  occupy(pool: Pool): Promise<TurnConnection>;
}

/** With a database of its own, whose connections are counted: most of these tests wait for seconds until a turn does not come. */
const on =
  <A extends readonly unknown[]>(body: (ground: Ground, ...of: A) => Promise<void>) =>
  async (...of: A): Promise<void> => {
    const database = await freshDatabase();
    const open = (): Pool => openPool(database.url, 4);
    const [db, usual, ...pools] = [open(), open(), open(), open()] as const;
    for (const pool of pools) TurnSessions.of(pool).bound(2);
    const opened: TurnConnection[] = [];
    const turnsOf: Ground['turnsOf'] = (pool, credential) => {
      const limiterFor = { partner: 'acme', credential, limits: declared, leaseMs: 1000 };
      const calls = new PermitCalls(pool, limiterFor, bucketsOf(declared));
      const turns = new TurnConnection(pool, calls);
      opened.push(turns);
      return { calls, turns };
    };
    try {
      await body(
        {
          db,
          pools,
          usual,
          turnsOf,
          connections: () => connectionsOf(db),
          occupy: async (pool) => {
            const { turns } = turnsOf(pool, randomUUID());
            expect(await begin(turns)).toMatchObject({ granted: 1 });
            return turns;
          },
        },
        ...of,
      );
    } finally {
      for (const each of opened) await each.close();
      for (const pool of [db, usual, ...pools]) await pool.end();
      await database.drop();
    }
  };
const connectionsOf = async (db: Pool): Promise<number> => {
  const { rows } = await db.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'syncline turn'`,
  );
  return rows.length;
};

const scenario = sideBySide(4);

describe('turns of many credentials in one process', () => {
  scenario(
    'are held side by side on as many connections as it may have',
    on(async ({ db, pools, turnsOf, connections }) => {
      const each = Array.from({ length: 20 }, () => turnsOf(pools[0], randomUUID()).turns);
      const begun = await Promise.all(each.map(begin));
      expect(begun.map(({ granted }) => granted)).toEqual(each.map(() => 1));
      expect(await connections()).toBe(2);
      const { rows } = await db.query(
        `select from pg_locks where locktype = 'advisory' and classid = 7305113 and granted
        and database = (select oid from pg_database where datname = current_database())`,
      );
      expect(rows).toHaveLength(each.length);
      for (const turns of each) await turns.end(report);
      for (const turns of each) expect(await begin(turns)).toMatchObject({ granted: 1 });
    }),
  );

  scenario(
    'exclude those of another process, which waits in the database until they are over',
    on(async ({ db, pools, turnsOf, occupy }) => {
      await occupy(pools[0]);
      const credential = randomUUID();
      const [ours, theirs] = [turnsOf(pools[0], credential).turns, turnsOf(pools[1], credential).turns];
      expect(await begin(ours)).toMatchObject({ granted: 1 });
      let over = false;
      const waiting = begin(theirs).then((begun) => ({ begun, over }));
      for (let waits = false; !waits;) {
        const { rows } = await db.query(
          `select from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`,
        );
        waits = rows.length > 0;
      }
      over = true;
      await ours.end(report);
      expect(await waiting).toMatchObject({ begun: { granted: 1 }, over: true });
    }),
  );

  scenario(
    'wait for a turn of another process in line for the connection of their own',
    on(async ({ pools, turnsOf, connections, occupy }) => {
      const occupied = await occupy(pools[0]);
      const credential = randomUUID();
      const [ours, theirs] = [turnsOf(pools[0], credential).turns, turnsOf(pools[1], credential).turns];
      await begin(theirs);
      await expect(begin(ours)).rejects.toThrow(LockTimeout);
      const waiting = begin(ours);
      await occupied.end(report);
      await theirs.end(report);
      expect(await waiting).toMatchObject({ granted: 1 });
      expect(await connections()).toBeLessThanOrEqual(4);
    }),
  );

  scenario(
    'of one credential exclude each other, though a session is given its own locks again',
    on(async ({ pools, turnsOf, occupy }) => {
      await occupy(pools[0]);
      const credential = randomUUID();
      const [first, second] = [turnsOf(pools[0], credential).turns, turnsOf(pools[0], credential).turns];
      expect(await begin(first)).toMatchObject({ granted: 1 });
      await expect(begin(second)).rejects.toThrow(LockTimeout);
      await first.end(report);
      expect(await begin(second)).toMatchObject({ granted: 1 });
    }),
  );

  scenario(
    'all end when one of them hangs and is put out: each knows, and the next ones have a new connection',
    on(async ({ db, pools, turnsOf, occupy }) => {
      await occupy(pools[0]);
      const [hanging, other] = [turnsOf(pools[0], randomUUID()), turnsOf(pools[0], randomUUID())];
      const begun = [await begin(hanging.turns), await begin(other.turns)];
      await db.query(`update credentials set turn_until = now() - interval '1 ms' where credential = $1`, [
        hanging.calls.credential,
      ]);
      await turnsOf(pools[1], hanging.calls.credential).calls.evict();
      const next = turnsOf(pools[1], hanging.calls.credential).turns;
      expect(await begin(next)).toMatchObject({ granted: 1 });
      while (other.turns.holds(begun[1]!)) await db.query('select 1');
      expect(hanging.turns.holds(begun[0]!)).toBe(false);
      await hanging.turns.end(report);
      await other.turns.end(report);
      expect((await begin(other.turns)).granted).toBe(1);
    }),
  );

  scenario.each(['of its own', 'shared'])(
    'leave no lock behind on a connection %s when they fail to begin',
    on(async ({ db, pools, turnsOf, occupy }, which: string) => {
      if (which === 'shared') await occupy(pools[0]);
      const credential = randomUUID();
      const { turns } = turnsOf(pools[0], credential);
      await begin(turns);
      await turns.end(report);
      const busy = await db.connect();
      await busy.query('begin');
      await busy.query('select from credentials where credential = $1 for update', [credential]);
      await expect(begin(turns)).rejects.toThrow(LockTimeout);
      await busy.query('rollback');
      busy.release();
      expect(await begin(turnsOf(pools[1], credential).turns)).toMatchObject({ granted: 1 });
    }),
  );
});

test(
  'a hundred partners with limits by turns have their permits, on 8 connections at the most',
  on(async ({ usual, connections }) => {
    const limiters = Array.from({ length: 100 }, () =>
      postgresLimiter(usual, { partner: 'acme', credential: randomUUID(), limits: declared, leaseMs: 1000 }),
    );
    let most = 0;
    let sent = 0;
    const stream = async (limiter: (typeof limiters)[number]): Promise<void> => {
      for (let left = 3; left > 0;) {
        const permit = await limiter.ask({ patienceMs: MINUTE, departs: true });
        if (!permit.granted) continue;
        const wrote = await new Promise<boolean>((resolve) =>
          permit.departure?.ready(
            () => resolve(true),
            () => resolve(false),
          ),
        );
        if (wrote) {
          permit.departure?.onWire();
          permit.departure?.onAnswer(200);
          left -= 1;
          sent += 1;
        }
        await permit.release();
      }
    };
    const all = Promise.all(limiters.map(stream));
    const state = { done: false };
    const watching = (async () => {
      while (!state.done) most = Math.max(most, await connections());
    })();
    await all.finally(() => (state.done = true));
    await watching;
    expect(sent).toBe(300);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    for (const limiter of limiters) await limiter.close?.();
  }),
  120_000,
);
