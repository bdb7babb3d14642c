import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, double, integer, nat, oneof, option, record } from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { HOUR } from '../../../core/duration.ts';
import { circuitSettings, mostCallsInOutage, type CircuitSettings } from '../../../core/circuit-settings.ts';
import { askCircuit, reportCalls, type Circuit as Model } from '../../../core/circuit.ts';
import type { Circuit } from '../../../limits/circuit/circuit.ts';
import { postgresCircuit } from '../../../limits/circuit/postgres-circuit.ts';
import { readCircuits } from '../../../limits/circuit/read-circuits.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let pools: Pool[];
beforeAll(async () => {
  database = await freshDatabase();
  pools = [1, 2, 3, 4].map(() => openPool(database.url, 3));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

let credentials = 0;
const nextCredential = (): string => `credential ${++credentials}`;
const quick = circuitSettings({ baseMs: 40, capMs: 400, timeoutMs: 600 }, { leaseMs: 700 });
/** Nobody dies: no lease ends, however slow the machine is. */
const immortal = { ...quick, leaseMs: HOUR };
const circuitOf = (credential: string, { pool = pools[0]!, settings = quick } = {}): Circuit =>
  postgresCircuit(pool, { partner: 'acme', credential, settings });

interface Gate {
  readonly wait_ms: number;
  readonly cause: string | null;
  readonly probe: number | null;
}
/** As a permit does it. */
async function ask(credential: string, pool = pools[0]!): Promise<Gate> {
  return (await pool.query<Gate>('select * from circuit_gate($1)', [credential])).rows[0]!;
}
const fail = async (circuit: Circuit, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await circuit.failed({ error: 'answered 502: the partner has a problem' });
};
const rowOf = async (credential: string): Promise<Record<string, unknown> | undefined> =>
  (await pools[0]!.query(`select *, xmin::text as writer from circuits where credential = $1`, [credential])).rows[0];

describe('the SQL', () => {
  const START = Date.UTC(2026, 10, 24);
  const step = oneof(
    record({ do: constantFrom('ask' as const), passMs: nat(40_000) }),
    record({
      do: constantFrom('report' as const),
      passMs: nat(8000),
      ok: nat(4),
      okAgoMs: nat(2000),
      error: option(constantFrom('answered 502', 'broke off')),
      afterMs: oneof(constantFrom(0), nat(20_000)),
      /** 0: the probe that is out; 1: one before it; else none. */
      probe: nat(3),
    }),
  );
  const anySettings = record({
    baseMs: integer({ min: 2, max: 2000 }),
    capMs: integer({ min: 2000, max: 40_000 }),
    timeoutMs: integer({ min: 100, max: 20_000 }),
    streak: integer({ min: 2, max: 8 }),
    share: double({ min: 0.1, max: 1, noNaN: true }),
    minCalls: integer({ min: 2, max: 12 }),
    probes: integer({ min: 1, max: 3 }),
    retries: integer({ min: 1, max: 4 }),
    refund: constantFrom(0.1, 0.25, 0.7),
    windowMs: integer({ min: 5000, max: 60_000 }),
  });

  test('does what the model does, step by step', async () => {
    const random = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const seen = new Set<string>();
    await assert(
      asyncProperty(anySettings, array(record({ step, random }), { maxLength: 40 }), async (change, story) => {
        const { baseMs, capMs, timeoutMs, ...rest } = change;
        const settings = circuitSettings({ baseMs, capMs, timeoutMs }, rest);
        const credential = nextCredential();
        let model: Model | undefined;
        let now = START;
        const answers: [sql: unknown, twin: unknown][] = [];
        for (const { step, random } of story) {
          now += step.passMs;
          if (step.do === 'ask') {
            const { circuit, waitMs, probe } = askCircuit(model, now);
            model = circuit;
            const { rows } = await pools[0]!.query<Gate>('select * from circuit_gate($1, $2)', [
              credential,
              new Date(now),
            ]);
            answers.push([rows[0], { wait_ms: waitMs, probe, cause: waitMs > 0 ? model?.lastError : null }]);
          } else {
            const probe = step.probe > 1 || model === undefined ? null : model.probe - step.probe;
            const { circuit, waitMs } = reportCalls(model, { ...step, probe }, settings, { now, random });
            model = circuit;
            const { rows } = await pools[0]!.query(
              'select * from circuit_report($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
              [
                credential,
                'acme',
                JSON.stringify(settings),
                step.ok,
                step.okAgoMs,
                step.error,
                step.afterMs,
                probe,
                new Date(now),
                random,
              ],
            );
            answers.push([
              { ...rows[0], since: 0 },
              { state: model?.state ?? 'closed', wait_ms: waitMs, since: 0 },
            ]);
          }
          seen.add(model?.state ?? 'none');
          expect(answers.map(([sql]) => sql)).toEqual(answers.map(([, twin]) => twin));
          expect(await modelOf(credential)).toEqual(model);
        }
      }),
      { numRuns: 60 },
    );
    expect([...seen].toSorted()).toEqual(['closed', 'none', 'open', 'probing']);
  });

  test('gives one probe, however many ask for it at once on however many connections', async () => {
    const credential = nextCredential();
    await fail(circuitOf(credential, { settings: immortal }), 5);
    await sleep(41);
    const asked = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(credential, pools[i % 4])));
    expect(asked.filter(({ wait_ms }) => wait_ms === 0)).toHaveLength(1);
    expect(asked.filter(({ probe }) => probe !== null)).toHaveLength(1);
    expect(asked.every(({ wait_ms }) => wait_ms === 0 || wait_ms >= 200)).toBe(true);
  });
});

describe('a partner that is well', () => {
  test('leaves nothing in the database, whatever its workers tell', async () => {
    const credential = nextCredential();
    const circuit = circuitOf(credential);
    for (let i = 0; i < 100; i++) await circuit.succeeded();
    await circuit.close();
    expect(await rowOf(credential)).toBeUndefined();
    expect(await circuit.state()).toBeUndefined();
    expect(await ask(credential)).toEqual({ wait_ms: 0, cause: null, probe: null });
  });

  test('writes nothing any more once its last failure is old', async () => {
    const credential = nextCredential();
    const circuit = circuitOf(credential, { settings: { ...quick, windowMs: 50 } });
    await fail(circuit, 1);
    await sleep(60);
    const before = await rowOf(credential);
    await circuit.succeeded();
    await circuit.close();
    expect(await rowOf(credential)).toEqual(before);
  });

  test('is judged by the successes of all workers, told together', async () => {
    const credential = nextCredential();
    const [well, ill] = [circuitOf(credential), circuitOf(credential, { pool: pools[1]! })];
    await fail(ill, 4);
    for (let i = 0; i < 20; i++) await well.succeeded();
    await well.close();
    await fail(ill, 4);
    expect(await ill.state()).toMatchObject({ state: 'closed', calls: 28, failures: 8 });
  });
});

describe('a probe', () => {
  test('whose owner dies passes on when its lease ends', async () => {
    const credential = nextCredential();
    const [mortal, heir] = [circuitOf(credential), circuitOf(credential, { pool: pools[1]! })];
    await fail(mortal, 5);
    const lost = await untilGiven(credential);
    const next = await untilGiven(credential);
    // The database's clock and ours run alike.
    expect(performance.now() - lost.askedAtMs).toBeGreaterThan(quick.leaseMs - 1);
    expect(next.probe).toBe(lost.probe! + 1);
    await heir.succeeded(next.probe);
    // The dead one was only stopped for a while: nobody listens to it.
    await mortal.failed({ error: 'late', probe: lost.probe });
    const last = await untilGiven(credential);
    await heir.succeeded(last.probe);
    expect(await heir.state()).toMatchObject({ state: 'closed', openUntil: null });
  });

  test('that was never sent is there for the next one at once', async () => {
    const credential = nextCredential();
    const circuit = circuitOf(credential, { settings: immortal });
    await fail(circuit, 5);
    const { probe } = await untilGiven(credential);
    await circuit.abandoned(probe!);
    expect(await ask(credential)).toMatchObject({ wait_ms: 0, probe: probe! + 1 });
    await circuit.abandoned(probe!);
    expect((await ask(credential)).wait_ms).toBeGreaterThan(0);
  });
});

test('the state is told with the last error and what to do', async () => {
  const credential = nextCredential();
  const circuit = circuitOf(credential);
  await fail(circuit, 4);
  const standing = await circuit.failed({ error: 'could not be reached, or broke off: ECONNREFUSED', afterMs: 60_000 });
  expect(standing).toMatchObject({ state: 'open', waitMs: 60_000 });
  const state = await circuit.state();
  expect(state).toMatchObject({
    partner: 'acme',
    state: 'open',
    since: standing.since,
    calls: 5,
    failures: 5,
    lastError: 'could not be reached, or broke off: ECONNREFUSED',
    advice: expect.stringContaining('host and port'),
  });
  expect(Date.parse(state!.openUntil!) - Date.parse(standing.since)).toBe(60_000);
  expect(await ask(credential)).toMatchObject({ cause: state?.lastError, probe: null });
  expect((await readCircuits(pools[0]!))[0]).toMatchObject({ state: expect.not.stringMatching('closed') });
});

describe('a fleet of four workers with two streams each', () => {
  test('asks a partner that is down rarely, and goes on soon after it is back', async () => {
    const credential = nextCredential();
    const outageMs = 4000;
    const settings = immortal;
    const { calls, longestPauseMs, mostProbes, resumed } = await runFleet(credential, settings, outageMs);
    expect(calls).toBeGreaterThanOrEqual(5);
    expect(calls).toBeLessThanOrEqual(mostCallsInOutage(settings, outageMs, 8));
    expect(resumed).toBe(8);
    expect(mostProbes).toBe(1);
    // From its last failure the next probe is no further than the cap.
    expect(longestPauseMs).toBeGreaterThan(0);
    expect(longestPauseMs).toBeLessThanOrEqual(settings.capMs);
    expect(await circuitOf(credential).state()).toMatchObject({ state: 'closed' });
  });
});

async function untilGiven(credential: string): Promise<Gate & { readonly askedAtMs: number }> {
  for (;;) {
    const askedAtMs = performance.now();
    const gate = await ask(credential);
    if (gate.wait_ms === 0) return { ...gate, askedAtMs };
    await sleep(Math.ceil(gate.wait_ms));
  }
}

async function modelOf(credential: string): Promise<Model | undefined> {
  const row = await rowOf(credential);
  if (row === undefined) return undefined;
  return {
    state: row['state'] as Model['state'],
    since: ms(row['since']),
    until: row['until'] === null ? null : ms(row['until']),
    leaseMs: row['lease_ms'] as number,
    probe: row['probe'] as number,
    goodProbes: row['good_probes'] as number,
    strikes: row['strikes'] as number,
    streak: row['streak'] as number,
    period: Number(row['period']),
    ok: row['ok'] as number,
    failed: row['failed'] as number,
    okBefore: row['ok_before'] as number,
    failedBefore: row['failed_before'] as number,
    tokens: row['tokens'] as number,
    calls: Number(row['calls']),
    failures: Number(row['failures']),
    lastFailureAt: ms(row['last_failure_at']),
    lastError: row['last_error'] as string,
  };
}

const ms = (time: unknown): number => (time as Date).getTime();

/** The partner is up for half a second, down for `outageMs`, and up again. A call takes 10 ms. */
async function runFleet(credential: string, settings: CircuitSettings, outageMs: number) {
  const downAt = performance.now() + 500;
  const upAt = downAt + outageMs;
  let calls = 0;
  let longestPauseMs = 0;
  let mostProbes = 0;
  const probing = new Set<number>();
  const resumed = new Set<number>();
  const stream = async (circuit: Circuit, pool: Pool, id: number): Promise<void> => {
    while (!resumed.has(id)) {
      const gate = await ask(credential, pool);
      if (gate.wait_ms > 0) {
        await sleep(Math.ceil(gate.wait_ms));
        continue;
      }
      if (gate.probe !== null) probing.add(gate.probe);
      mostProbes = Math.max(mostProbes, probing.size);
      const at = performance.now();
      const down = at >= downAt && at < upAt;
      if (down) calls += 1;
      await sleep(10);
      if (gate.probe !== null) probing.delete(gate.probe);
      if (down) {
        const { waitMs } = await circuit.failed({ error: 'answered 502', probe: gate.probe });
        longestPauseMs = Math.max(longestPauseMs, waitMs);
        await sleep(Math.max(waitMs, settings.baseMs));
        continue;
      }
      await circuit.succeeded(gate.probe);
      if (at < upAt) continue;
      resumed.add(id);
    }
  };
  const circuits = pools.map((pool) => circuitOf(credential, { pool, settings }));
  await Promise.all(circuits.flatMap((circuit, i) => [0, 1].map((n) => stream(circuit, pools[i]!, 2 * i + n))));
  await Promise.all(circuits.map((circuit) => circuit.close()));
  return { calls, longestPauseMs, mostProbes, resumed: resumed.size };
}
