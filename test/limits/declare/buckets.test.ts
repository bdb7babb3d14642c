import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DAY, HOUR, SECOND } from '../../../core/duration.ts';
import { limits } from '../../../definitions/definition.ts';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { bucketsOf, mostLateMs } from '../../../limits/declare/bucket.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { bucketModel, strictJudge } from './bucket-model.ts';
import { setClock, takeAt } from '../take-permits.ts';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await freshDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
  await setClock(client);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const bucketsFrom = (declared: PartnerInput['limits']): ReturnType<typeof bucketsOf> =>
  bucketsOf(limits.parse(declared));
const BEGIN_US = Date.UTC(2026, 10, 24, 10) * 1000;
const runs = { numRuns: 25 };
/** Some requests at once, each of a weight, after a pause. */
const steps = (mostPauseMs: number): fc.Arbitrary<readonly { pauseUs: number; weights: number[] }[]> =>
  fc.array(
    fc.record({
      pauseUs: fc.integer({ min: 0, max: mostPauseMs * 1000 }),
      weights: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
    }),
    { minLength: 5, maxLength: 40 },
  );

describe('the SQL functions do what the model does', () => {
  test.each([
    ['a rate', { rate: 7, per: '100ms', burst: 5 }, 60],
    ['a quota per duration', { quotas: [{ name: 'q', limit: 20, per: '2s' }] }, 500],
    ['a rate and a quota', { rate: 20, burst: 6, quotas: [{ name: 'q', limit: 25, per: '3s' }] }, 300],
  ] as const)('for %s', async (_name, declared, pauseMs) => {
    await fc.assert(
      fc.asyncProperty(steps(pauseMs), async (sequence) => {
        const buckets = bucketsFrom(declared as PartnerInput['limits']);
        const model = bucketModel(buckets);
        const credential = randomUUID();
        let nowUs = BEGIN_US;
        for (const { pauseUs, weights } of sequence) {
          nowUs += pauseUs;
          const charges = weights.map((weight) => buckets.map(() => weight));
          const { granted } = await takeAt(client, nowUs, { credential, buckets, charges });
          expect(granted).toBe(model.take(nowUs, charges));
        }
      }),
      runs,
    );
  });
});

describe('a strict partner refuses nothing, however late within their validity the requests arrive', () => {
  test.each([
    ['token bucket', { rate: 20, burst: 5 }, 120],
    ['leaky bucket', { rate: 2, burst: 40 }, 1500],
    ['window', { windows: [{ name: 'w', limit: 12, per: '10s' }] }, 2500],
    ['window that slides over many small ones', { windows: [{ name: 'w', limit: 30, per: '5s' }] }, 400],
    [
      'two windows',
      {
        windows: [
          { name: 'a', limit: 5, per: '5s' },
          { name: 'b', limit: 20, per: '60s' },
        ],
      },
      2500,
    ],
  ] as const)('%s', async (_name, declared, pauseMs) => {
    await fc.assert(
      fc.asyncProperty(
        steps(pauseMs),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (sequence, lateness) => {
          const buckets = bucketsFrom(declared as PartnerInput['limits']);
          const credential = randomUUID();
          const arrivals: { atUs: number; units: number }[] = [];
          let nowUs = BEGIN_US;
          for (const { pauseUs, weights } of sequence) {
            nowUs += pauseUs;
            const charges = weights.map((weight) => buckets.map(() => weight));
            const mostLateUs = mostLateMs(buckets) * 1000;
            const taken = await takeAt(client, nowUs, { credential, buckets, charges, mostLateUs });
            for (const units of weights.slice(0, taken.granted))
              arrivals.push({ atUs: nowUs + (lateness.next().value ?? 0) * taken.valid_ms * 1000, units });
          }
          const judges = buckets.map(strictJudge);
          for (const { atUs, units } of arrivals.toSorted((a, b) => a.atUs - b.atUs))
            expect(judges.map((admit) => admit(atUs, units))).toEqual(judges.map(() => true));
        },
      ),
      runs,
    );
  });
});

test('a window is used up to a fiftieth', async () => {
  const buckets = bucketsFrom({ windows: [{ name: 'w', limit: 100, per: '10s' }] });
  const credential = randomUUID();
  let count = 0;
  for (let ms = 0; ms < 60_000; ms += 50) {
    const charges = Array.from({ length: 4 }, () => [1]);
    count += (await takeAt(client, BEGIN_US + ms * 1000, { credential, buckets, charges, mostLateUs: 20_000 })).granted;
  }
  expect(count).toBeLessThanOrEqual(600);
  expect(count).toBeGreaterThanOrEqual(600 * 0.98);
});

const resetOf = async (atIso: string, unit: string, resetAt: string, zone: string): Promise<string> => {
  const { rows } = await client.query<{ us: number }>('select quota_resets_us($1, $2, 0, $3, $4) as us', [
    Date.parse(atIso) * 1000,
    unit,
    resetAt,
    zone,
  ]);
  return new Date((rows[0]?.us ?? 0) / 1000).toISOString();
};

describe('a quota', () => {
  test.each([
    ['2026-11-24T10:00:00Z', 'day', '00:00', 'UTC', '2026-11-25T00:00:00.000Z'],
    ['2026-11-24T10:00:00Z', 'day', '06:00', 'Europe/Berlin', '2026-11-25T05:00:00.000Z'],
    ['2026-11-24T04:00:00Z', 'day', '06:00', 'Europe/Berlin', '2026-11-24T05:00:00.000Z'],
    // The day on which clocks go back has 25 hours.
    ['2026-10-25T00:30:00Z', 'day', '00:00', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['2026-11-24T10:00:00Z', 'week', '00:00', 'America/New_York', '2026-11-30T05:00:00.000Z'],
    ['2026-11-24T10:00:00Z', 'month', '00:00', 'UTC', '2026-12-01T00:00:00.000Z'],
    ['2026-11-24T10:10:00Z', 'hour', '00:15', 'UTC', '2026-11-24T10:15:00.000Z'],
  ])('at %s per %s from %s in %s ends at %s', async (at, unit, resetAt, zone, end) => {
    expect(await resetOf(at, unit, resetAt, zone)).toBe(end);
  });

  test('used up waits for its reset and a second more, and what was sent around the reset counts twice', async () => {
    const buckets = bucketsFrom({ quotas: [{ name: 'daily', limit: 5, per: 'day' }] });
    const credential = randomUUID();
    const midnightUs = Date.UTC(2026, 10, 25) * 1000;
    const ask = (atMs: number, count: number): ReturnType<typeof takeAt> =>
      takeAt(client, midnightUs + atMs * 1000, {
        credential,
        buckets,
        charges: Array.from({ length: count }, () => [1]),
      });
    expect(await ask(-HOUR, 3)).toMatchObject({ granted: 3 });
    expect(await ask(-500, 9)).toMatchObject({ granted: 2 });
    const refused = await ask(-400, 1);
    expect(refused).toMatchObject({ granted: 0, cause: 'daily' });
    expect(refused.wait_ms).toBeCloseTo(1400, 0);
    expect(await ask(900, 1)).toMatchObject({ granted: 0 });
    expect(await ask(SECOND + 1, 9)).toMatchObject({ granted: 3 });
    expect(await ask(DAY + 2 * SECOND, 9)).toMatchObject({ granted: 5 });
  });

  test('keeps a part for critical work as long as some waits', async () => {
    const buckets = bucketsFrom({ quotas: [{ name: 'daily', limit: 10, per: 'day' }] });
    const credential = randomUUID();
    const ask = (share: number, count: number, critical = false): ReturnType<typeof takeAt> =>
      takeAt(client, BEGIN_US, {
        credential,
        buckets,
        charges: Array.from({ length: count }, () => [1]),
        shares: Array.from({ length: count }, () => share),
        critical,
      });
    expect(await ask(1, 1, true)).toMatchObject({ granted: 1 });
    expect(await ask(0.7, 20)).toMatchObject({ granted: 6 });
    const kept = await ask(0.7, 1);
    expect(kept).toMatchObject({ granted: 0, cause: 'daily: what is left is kept for critical work' });
    expect(kept.wait_ms).toBeLessThanOrEqual(30_000);
    expect(await ask(0.9, 20)).toMatchObject({ granted: 2 });
    await client.query(`update credentials set critical_until = now() - interval '1 s' where credential = $1`, [
      credential,
    ]);
    expect(await ask(0.7, 20)).toMatchObject({ granted: 1 });
    expect(await ask(1, 20, true)).toMatchObject({ granted: 0, cause: 'daily' });
  });
});

test('an override counts from the next request on, and no longer than it says', async () => {
  const buckets = bucketsFrom({ quotas: [{ name: 'daily', limit: 10, per: 'day' }] });
  const credential = randomUUID();
  const ask = async (): Promise<number> =>
    (await takeAt(client, BEGIN_US, { credential, buckets, charges: [[1], [1], [1]] })).granted;
  expect(await ask()).toBe(3);
  await client.query(
    `insert into limit_overrides (credential, bucket, cap, reason, set_by) values ($1, 'daily', 4, 'they asked', 'ops')`,
    [credential],
  );
  expect(await ask()).toBe(1);
  await client.query(`update limit_overrides set ended_at = now(), ended_by = 'ops' where credential = $1`, [
    credential,
  ]);
  expect(await ask()).toBe(3);
});

test('all buckets or none: a request that one has no room for uses nothing of the others', async () => {
  const buckets = bucketsFrom({
    windows: [{ name: 'w', limit: 100, per: '60s' }],
    quotas: [{ name: 'daily', limit: 2, per: 'day' }],
  });
  const credential = randomUUID();
  const ask = (): ReturnType<typeof takeAt> =>
    takeAt(client, BEGIN_US, {
      credential,
      buckets,
      charges: [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
    });
  expect(await ask()).toMatchObject({ granted: 2 });
  expect(await ask()).toMatchObject({ granted: 0, cause: 'daily' });
  const { rows } = await client.query(
    `select slices[1] as units from limit_buckets where credential = $1 and bucket = 'w'`,
    [credential],
  );
  expect(rows).toEqual([{ units: 2 }]);
});
