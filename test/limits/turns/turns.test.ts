import { beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../../core/duration.ts';
import { limits } from '../../../definitions/definition.ts';
import { bucketsOf } from '../../../limits/declare/bucket.ts';
import { PermitCalls, type Batch, type Granted } from '../../../limits/permits/permit-calls.ts';
import { LockTimeout, TurnConnection, type Begun } from '../../../limits/turns/turn-connection.ts';
import { usePool } from '../../support/use-pool.ts';

const db = usePool(4);

const declared = limits.parse({ rate: 2, quotas: [{ name: 'daily', limit: 100, per: 'day' }] });
let credential = '';
beforeEach(() => {
  credential = randomUUID();
});
const process = (): { calls: PermitCalls; turns: TurnConnection } => {
  const calls = new PermitCalls(
    db.pool,
    { partner: 'acme', credential, limits: declared, leaseMs: 1000 },
    bucketsOf(declared),
  );
  return { calls, turns: new TurnConnection(db.pool, calls) };
};
const two: Batch = {
  requests: [
    { charges: [1, 1], lane: 'normal' },
    { charges: [1, 1], lane: 'normal' },
  ],
  critical: false,
  leases: null,
  freed: [],
  lateMs: 0,
};
const begin = (turns: TurnConnection): Promise<Begun> => turns.begin(two, 1000);
const sent = (agoMs: number, tatInMs: number): Parameters<TurnConnection['end']>[0] => ({
  sent: [{ charges: [1, 1], agoMs }],
  tatInMs,
  leastMs: 3,
  unused: [],
});
const dailyUsed = async (): Promise<number> => {
  const { rows } = await db.pool.query<{ used: number }>(
    `select used from limit_buckets where credential = $1 and bucket = 'daily'`,
    [credential],
  );
  return rows[0]?.used ?? 0;
};
const connectionOf = async (): Promise<number> => {
  const { rows } = await db.pool.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and granted and classid = 7305113
      and objid = (hashtext($1)::bigint & 4294967295)::oid`,
    [credential],
  );
  return rows[0]?.pid ?? 0;
};
const turnEndsIn = (ms: number): Promise<unknown> =>
  db.pool.query(`update credentials set turn_until = clock_timestamp() + $2 * interval '1 ms' where credential = $1`, [
    credential,
    ms,
  ]);

describe('a turn', () => {
  test('is one process’s at a time; the next one goes on from the last moment of sending', async () => {
    const [a, b] = [process(), process()];
    expect(await begin(a.turns)).toMatchObject({ granted: 2, periodMs: 500 });
    let second: Granted | undefined;
    const waiting = begin(b.turns).then((granted) => (second = granted));
    await sleep(150);
    expect(second).toBeUndefined();
    const toldAtMs = performance.now();
    await a.turns.end(sent(100, 400));
    await waiting;
    const tookMs = performance.now() - toldAtMs;
    expect(second?.granted).toBeGreaterThan(0);
    expect(second?.tatInMs).toBeGreaterThan(400 - tookMs - 1);
    expect(second?.tatInMs).toBeLessThanOrEqual(400);
    expect(second?.leastMs).toBeCloseTo(3, 1);
    await Promise.all([a.turns.close(), b.turns.close()]);
  });

  test.each([
    ['far too early', -1e6, 350],
    ['far too late', 1e6, 400],
  ])('that tells a moment %s, since a clock was set, is believed for 50 ms at the most', async (_, wrongMs, inMs) => {
    const { calls } = process();
    const client = await db.pool.connect();
    await calls.beginTurn(client, two, 1000);
    const nowMs = await calls.databaseMs(client);
    await calls.endTurn(client, { ...sent(0, 400), tatMs: nowMs + 400 + wrongMs });
    const afterMs = await calls.databaseMs(client);
    client.release();
    const { rows } = await db.pool.query<{ tat_us: number }>(
      `select tat_us from limit_buckets where credential = $1 and bucket = 'rate'`,
      [credential],
    );
    const tatMs = (rows[0]?.tat_us ?? 0) / 1000;
    expect(tatMs).toBeGreaterThanOrEqual(nowMs + inMs);
    expect(tatMs).toBeLessThanOrEqual(afterMs + inMs);
  });

  test('gives back what was not sent', async () => {
    const { turns } = process();
    await begin(turns);
    expect(await dailyUsed()).toBe(2);
    await turns.end(sent(0, 500));
    expect(await dailyUsed()).toBe(1);
    await turns.close();
  });

  test('ends with its owner: the next one reckons with all that might just have been sent', async () => {
    const [a, b] = [process(), process()];
    const begun = await begin(a.turns);
    const waiting = begin(b.turns);
    const holder = await connectionOf();
    const endedAtMs = performance.now();
    await db.pool.query('select pg_terminate_backend($1)', [holder]);
    const next = await waiting;
    expect(next.tatInMs).toBeGreaterThanOrEqual(500 - (performance.now() - endedAtMs));
    expect(await dailyUsed()).toBe(2 + next.granted);
    expect(a.turns.holds(begun)).toBe(false);
    await a.turns.end(sent(0, 0));
    await Promise.all([a.turns.close(), b.turns.close()]);
  });

  test('of a process that hangs is ended from outside once its time is over, and not before', async () => {
    const [a, b] = [process(), process()];
    const begun = await begin(a.turns);
    await turnEndsIn(MINUTE);
    await a.calls.evict();
    expect(await connectionOf()).not.toBe(0);
    await turnEndsIn(-1);
    await a.calls.evict();
    expect((await begin(b.turns)).granted).toBeGreaterThan(0);
    expect(a.turns.holds(begun)).toBe(false);
    await Promise.all([a.turns.close(), b.turns.close()]);
  });

  test('that does not come within seconds says so, and who waited for it can go on waiting', async () => {
    const [a, b] = [process(), process()];
    await begin(a.turns);
    await expect(begin(b.turns)).rejects.toThrow(LockTimeout);
    const waiting = begin(b.turns);
    await a.turns.end(sent(0, 500));
    expect((await waiting).granted).toBeGreaterThan(0);
    await Promise.all([a.turns.close(), b.turns.close()]);
  });

  test('is not waited for by those who ask for permits at once: they are told to come again', async () => {
    const { calls, turns } = process();
    await begin(turns);
    expect(await calls.take(two)).toMatchObject({ granted: 0, cause: 'turn' });
    await turns.end(sent(0, MINUTE));
    expect(await calls.take(two)).toMatchObject({ granted: 0, cause: 'rate' });
    await turns.close();
  });
});

describe('after a throttled answer', () => {
  test('the rate is cut once for all that were refused together, and climbs back', async () => {
    const { calls } = process();
    await Promise.all([calls.block(0, 'slow down', true), calls.block(0, 'slow down', true)]);
    const { rows } = await db.pool.query('select factor from credentials where credential = $1', [credential]);
    expect(rows).toEqual([{ factor: 0.7 }]);
    /** What the period is so long after the cut: it may be a little later when the database looks. */
    const periodAfter = async (seconds: number): Promise<{ readonly periodMs: number; readonly leastMs: number }> => {
      await db.pool.query(
        `update credentials set factor_at = clock_timestamp() - $2 * interval '1 s' where credential = $1`,
        [credential, seconds],
      );
      await db.pool.query('delete from limit_buckets where credential = $1', [credential]);
      const { periodMs } = await calls.take(two);
      const found = await db.pool.query<{ now: number }>(
        'select current_factor(factor, factor_at) as now from credentials where credential = $1',
        [credential],
      );
      return { periodMs, leastMs: 500 / (found.rows[0]?.now ?? 0) };
    };
    for (const [seconds, factor] of [
      [0, 0.7],
      [20, 0.8],
    ] as const) {
      const { periodMs, leastMs } = await periodAfter(seconds);
      expect(periodMs).toBeLessThanOrEqual(500 / factor + 1e-6);
      expect(periodMs).toBeGreaterThanOrEqual(leastMs - 1e-6);
    }
    expect((await periodAfter(99)).periodMs).toBe(500);
  });
});

describe('what the partner told', () => {
  test('only tightens a bucket', async () => {
    const { calls } = process();
    await calls.take({ ...two, requests: two.requests.slice(0, 1) });
    await calls.tighten('daily', 95, null);
    expect(await dailyUsed()).toBe(5);
    await calls.tighten('daily', 97, null);
    expect(await dailyUsed()).toBe(5);
    await calls.tighten('daily', 0, 60_000);
    expect(await calls.take(two)).toMatchObject({ granted: 0, cause: 'daily' });
  });

  test('of an undeclared limit is counted down until its reset', async () => {
    const { calls } = process();
    await calls.noteTold(1, 60_000);
    await calls.noteTold(9, 60_000);
    expect(await calls.take(two)).toMatchObject({ granted: 1 });
    expect(await calls.take(two)).toMatchObject({ granted: 0, cause: 'what the partner says is left' });
  });
});
