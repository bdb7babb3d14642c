import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { circuitSettings } from '../../../core/circuit-settings.ts';
import { PermitLapsed } from '../../../core/departure.ts';
import { limits as limitsSchema, type PartnerInput } from '../../../definitions/definition.ts';
import type { Circuit } from '../../../limits/circuit/circuit.ts';
import type { GrantedPermit, Limiter } from '../../../limits/permits/limiter.ts';
import { postgresCircuit } from '../../../limits/circuit/postgres-circuit.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

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
const probeWasGiven = async (): Promise<boolean> =>
  (
    await database.pool.query('select from syncline.circuits where credential = $1 and probe > 0', [
      `credential ${credentials}`,
    ])
  ).rowCount === 1;

const ways = [
  ['without limits', {}],
  ['in batches', { rate: 200, burst: 100, concurrency: 5 }],
  ['by turns', { rate: 200, burst: 1 }],
] as const satisfies readonly (readonly [string, PartnerInput['limits']])[];

interface Fleet {
  readonly limiters: readonly Limiter[];
  readonly circuit: Circuit;
  close(): Promise<void>;
}

/** Three processes. Nobody's lease ends while a test runs. */
function fleetWith(limits: PartnerInput['limits'], { baseMs = 1 } = {}): Fleet {
  const credential = `credential ${++credentials}`;
  const settings = circuitSettings({ baseMs, capMs: 60_000, timeoutMs: 60_000 });
  const declared = { partner: 'acme', credential, limits: limitsSchema.parse(limits), leaseMs: 60_000 };
  const limiters = pools.map((pool) => postgresLimiter(pool, declared));
  const circuit = postgresCircuit(pools[0]!, { partner: 'acme', credential, settings });
  return {
    limiters,
    circuit,
    close: async () => void (await Promise.all([circuit.close(), ...limiters.map((limiter) => limiter.close?.())])),
  };
}

async function goDown({ circuit }: Fleet): Promise<void> {
  for (let i = 0; i < 5; i++) await circuit.failed({ error: 'answered 502' });
}

/** The partner is down, and it is time for a probe. */
async function downAndDue(limits: PartnerInput['limits']): Promise<Fleet> {
  const fleet = fleetWith(limits);
  await goDown(fleet);
  while ((await fleet.circuit.state())?.openUntil !== null);
  return fleet;
}

interface Sent {
  readonly probe: number | undefined;
}

/** As fetch-page does it: a permit that lapses is followed by another one. Undefined: refused. */
async function send(limiter: Limiter, fleet: Fleet, patienceMs = 10_000): Promise<Sent | undefined> {
  const permit = await limiter.ask({ patienceMs });
  if (!permit.granted) return undefined;
  try {
    return await depart(permit);
  } catch (error) {
    if (!(error instanceof PermitLapsed)) throw error;
    if (permit.probe !== undefined) await fleet.circuit.abandoned(permit.probe);
  } finally {
    await permit.release();
  }
  return send(limiter, fleet, patienceMs);
}

async function depart(permit: GrantedPermit): Promise<Sent> {
  const { departure } = permit;
  await new Promise<void>((resolve, reject) => {
    if (departure === undefined) resolve();
    else departure.ready(resolve, reject);
  });
  departure?.onWire();
  departure?.onAnswer(200);
  await permit.answered?.({ quotas: [], cost: undefined });
  return { probe: permit.probe };
}

/** Twelve requests; those that went out. */
async function sendAll(fleet: Fleet, patienceMs: number): Promise<readonly Sent[]> {
  const sending = Array.from({ length: 12 }, (_, i) => send(fleet.limiters[i % 3]!, fleet, patienceMs));
  return (await Promise.all(sending)).filter((each) => each !== undefined);
}

/** A process that stands still when its probe should leave has it taken away: then another one may try. */
async function sendOneProbe(fleet: Fleet): Promise<readonly Sent[]> {
  for (let tries = 1; ; tries++) {
    const calls = await sendAll(fleet, 0);
    if (calls.length > 0 || tries === 20) return calls;
  }
}

describe.each(ways)('permits %s', (_way, limits) => {
  test('are refused while the partner is down, with the last error', async () => {
    const fleet = fleetWith(limits, { baseMs: 60_000 });
    await goDown(fleet);
    for (const limiter of fleet.limiters) {
      const permit = await limiter.ask();
      expect(permit).toMatchObject({ granted: false, down: true, cause: 'answered 502' });
      expect((permit as { waitMs: number }).waitMs).toBeGreaterThan(20_000);
    }
    await fleet.close();
  });

  test('let one probe of all processes through, then another one, then everybody', async () => {
    const fleet = await downAndDue(limits);
    for (let round = 0; round < 2; round++) {
      const calls = await sendOneProbe(fleet);
      expect(calls).toEqual([{ probe: expect.any(Number) }]);
      await fleet.circuit.succeeded(calls[0]!.probe);
    }
    const calls = await sendAll(fleet, 10_000);
    expect(calls.length).toBeGreaterThanOrEqual(3);
    expect(calls.every(({ probe }) => probe === undefined)).toBe(true);
    await fleet.close();
  });

  test('wait for a pause that is soon over, rather than going away', async () => {
    const fleet = fleetWith(limits, { baseMs: 500 });
    await goDown(fleet);
    expect(await send(fleet.limiters[1]!, fleet, 30_000)).toEqual({ probe: expect.any(Number) });
    await fleet.close();
  });
});

describe('a probe that is not sent goes to the next one', () => {
  test('when who asked for it has gone', async () => {
    const fleet = await downAndDue({ concurrency: 1 });
    const stop = new AbortController();
    const asking = fleet.limiters[0]!.ask({ signal: stop.signal, patienceMs: 10_000 });
    stop.abort(new Error('cancelled'));
    await expect(asking).rejects.toThrow('cancelled');
    while (!(await probeWasGiven()));
    expect((await send(fleet.limiters[1]!, fleet))?.probe).toBeGreaterThan(1);
    await fleet.close();
  });

  test('when a turn ends in which nothing was ready', async () => {
    const fleet = await downAndDue({ rate: 200, burst: 1 });
    const unready = await fleet.limiters[0]!.ask({ patienceMs: 10_000 });
    expect(unready.granted).toBe(true);
    while (!(await probeWasGiven()));
    const call = await send(fleet.limiters[1]!, fleet);
    expect(call?.probe).toBeGreaterThan(1);
    if (unready.granted) await unready.release();
    await fleet.close();
  });
});

describe('a turn for a probe', () => {
  test('sends one request, also where requests cost the limit nothing', async () => {
    const fleet = await downAndDue({ rate: 200, burst: 1, weights: [{ path: '/', weight: 0 }] });
    expect(await sendAll(fleet, 500)).toEqual([{ probe: expect.any(Number) }]);
    await fleet.close();
  });
});

test('a call to a partner that is well and has no limits costs one round trip', async () => {
  let queries = 0;
  const counting = new Proxy(pools[0]!, {
    get: (pool, name) => {
      if (name !== 'query') return Reflect.get(pool, name);
      queries += 1;
      return pool.query.bind(pool);
    },
  });
  const declared = { partner: 'acme', credential: 'well', limits: limitsSchema.parse({}), leaseMs: 60_000 };
  const limiter = postgresLimiter(counting, declared);
  const settings = circuitSettings({ baseMs: 1, capMs: 1, timeoutMs: 1 });
  const circuit = postgresCircuit(counting, { partner: 'acme', credential: 'well', settings });
  expect(await limiter.ask()).toMatchObject({ granted: true });
  await circuit.succeeded();
  expect(queries).toBe(1);
  await circuit.close();
  expect(queries).toBe(2);
});
