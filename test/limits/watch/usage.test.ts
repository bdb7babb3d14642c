import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HOUR, MINUTE, SECOND } from '../../../core/duration.ts';
import type { BucketView } from '../../../core/limits-view.ts';
import { partner as definition, type Partner, type PartnerInput } from '../../../definitions/definition.ts';
import { credentialOf } from '../../../limits/declare/credential.ts';
import { observeLimits, sweepSamples } from '../../../limits/watch/observe.ts';
import { endOverrides, liftBlock, listChanges, setOverride } from '../../../limits/watch/overrides.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { readLimits } from '../../../limits/watch/usage.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { uniqueName } from '../../support/temporal.ts';

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
let acme: Partner;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, 6);
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

function define(limits: PartnerInput['limits']): Partner {
  return definition.parse({
    name: 'acme',
    baseUrl: 'https://api.acme.example',
    auth: { type: 'bearer', token: uniqueName('secret') },
    limits,
    streams: { orders: { path: '/orders', primaryKey: ['id'], schema: { type: 'object' } } },
  });
}

const quotas = [{ name: 'daily', limit: 10, per: 'day', zone: 'Europe/Berlin' }] as const;

beforeEach(() => {
  acme = define({
    // Permits of a rate that can bear a late request are taken one by one.
    rate: 100,
    burst: 50,
    concurrency: 3,
    windows: [{ name: 'hourly', limit: 100, per: '1h' }],
    quotas: [...quotas],
    weights: [{ path: '/free', weight: 0, of: ['daily'] }],
  });
});

/** Nobody here is refused because the machine is busy: whoever is, has to wait for hours. */
const patienceMs = 10 * SECOND;

/** Takes permits as workers do; those not released hold their slot. */
async function send(times: number, release = true): Promise<void> {
  const limiter = limiterOf(acme);
  for (let i = 0; i < times; i++) {
    const permit = await limiter.ask({ patienceMs });
    if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
    permit.departure?.ready(
      () => permit.departure?.onWire(),
      () => {},
    );
    if (release) await permit.release();
  }
  await limiter.close?.();
}

const limiterOf = (partner: Partner) =>
  postgresLimiter(pool, {
    partner: 'acme',
    credential: credentialOf(partner),
    limits: partner.limits,
    // Nobody renews what a closed limiter held.
    leaseMs: HOUR,
  });

async function bucket(name: string): Promise<BucketView> {
  const found = (await readLimits(pool, acme)).buckets.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no bucket ${name}`);
  return found;
}

const use = (name: string, used: number): Promise<unknown> =>
  pool.query('update limit_buckets set used = $3 where credential = $1 and bucket = $2', [
    credentialOf(acme),
    name,
    used,
  ]);

describe('how limits stand', () => {
  test('a credential that was never used has used nothing', async () => {
    const view = await readLimits(pool, acme);
    expect(view).toMatchObject({ factor: 1, blocked: null, told: null, circuit: null, alerts: [] });
    expect(view.buckets.map(({ name, kind, used, effective, left }) => [name, kind, used, effective, left])).toEqual([
      ['rate', 'rate', 0, 100, 50],
      ['hourly', 'window', 0, 100, 100],
      ['daily', 'quota', 0, 10, 10],
      ['concurrency', 'concurrency', 0, 3, 3],
    ]);
    const daily = view.buckets[2] as BucketView;
    const hour = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', timeStyle: 'medium', hourCycle: 'h23' });
    expect(hour.format(new Date(daily.resetsAt ?? ''))).toBe('00:00:00');
    expect(Date.parse(daily.resetsAt ?? '') - Date.parse(view.at)).toBeLessThanOrEqual(25 * HOUR);
    expect([daily.hasFreeCalls, view.buckets[1]?.hasFreeCalls]).toEqual([true, false]);
  });

  test('what permits have taken is used', async () => {
    await send(4);
    expect(await bucket('daily')).toMatchObject({ used: 4, left: 6 });
    expect(await bucket('hourly')).toMatchObject({ used: 4, left: 96 });
  });

  test('slots that are held are used', async () => {
    acme = define({ concurrency: 3 });
    await send(2, false);
    expect(await bucket('concurrency')).toMatchObject({ used: 2, left: 1 });
  });

  test('what was used in an earlier period is not', async () => {
    await send(4);
    await pool.query(
      `update limit_buckets set resets_us = (epoch_us() - 3600e6), slice_no = slice_no - 200 where credential = $1`,
      [credentialOf(acme)],
    );
    expect(await bucket('daily')).toMatchObject({ used: 0, left: 10 });
    expect(await bucket('hourly')).toMatchObject({ used: 0, left: 100 });
  });

  test('a refusal blocks, cuts the speed and leaves the quota whole', async () => {
    await limiterOf(acme).block(60_000, 'answered 429');
    const view = await readLimits(pool, acme);
    expect(view.blocked).toEqual({ until: expect.any(String), cause: 'answered 429' });
    expect(Math.round(view.factor * 100)).toBe(70);
    const effective = Object.fromEntries(view.buckets.map((each) => [each.name, Math.round(each.effective)]));
    expect(effective).toEqual({ rate: 70, hourly: 70, daily: 10, concurrency: 3 });
  });
});

const change = (bucketName: string, cap: number, forMs: number | null = null) => ({
  credential: credentialOf(acme),
  bucket: bucketName,
  cap,
  reason: 'agreed',
  by: 'ops',
  forMs,
});

describe('what people set', () => {
  test('holds for the next permit of a limiter that runs, and is shown with its reason', async () => {
    const limiter = limiterOf(acme);
    expect(await limiter.ask({ patienceMs })).toMatchObject({ granted: true });
    await setOverride(pool, change('daily', 1));
    expect(await limiter.ask({ patienceMs })).toMatchObject({ granted: false, cause: 'daily' });
    expect(await bucket('daily')).toMatchObject({
      declared: 10,
      effective: 1,
      left: 0,
      override: { cap: 1, reason: 'agreed', by: 'ops', until: null },
    });
    await setOverride(pool, change('daily', 20));
    expect(await limiter.ask({ patienceMs })).toMatchObject({ granted: true });
    await limiter.close?.();
  });

  test('ends by itself', async () => {
    await setOverride(pool, change('daily', 1, 60_000));
    expect(await bucket('daily')).toMatchObject({ effective: 1, override: { until: expect.any(String) } });
    await pool.query(`update limit_overrides set expires_at = clock_timestamp() where credential = $1`, [
      credentialOf(acme),
    ]);
    expect(await bucket('daily')).toMatchObject({ effective: 10, override: null });
  });

  test('is ended for one limit or for all, and kept as history', async () => {
    for (const name of ['daily', 'hourly', 'rate']) await setOverride(pool, change(name, 2));
    await setOverride(pool, change('daily', 3));
    const end = { credential: credentialOf(acme), reason: 'over', by: 'ops' };
    expect(await endOverrides(pool, { ...end, bucket: 'daily' })).toEqual(['daily']);
    expect(await endOverrides(pool, { ...end, bucket: null })).toEqual(['hourly', 'rate']);
    expect(await endOverrides(pool, { ...end, bucket: null })).toEqual([]);
    const changes = await listChanges(pool, credentialOf(acme), 20);
    expect(changes.map(({ what }) => what).toSorted()).toEqual([
      'daily reset',
      'daily set to 2',
      'daily set to 3',
      'hourly reset',
      'hourly set to 2',
      'rate reset',
      'rate set to 2',
    ]);
  });

  test('a block that is lifted is gone for a limiter of another process, and kept with its reason', async () => {
    const lift = { credential: credentialOf(acme), partner: 'acme', reason: 'they called', by: 'ops' };
    expect(await liftBlock(pool, lift)).toBeNull();
    await limiterOf(acme).block(60_000, 'answered 429');
    const other = limiterOf(acme);
    expect(await other.ask({ patienceMs })).toMatchObject({ granted: false, cause: 'answered 429' });
    expect(await liftBlock(pool, lift)).toMatchObject({ cause: 'answered 429' });
    expect(await other.ask({ patienceMs })).toMatchObject({ granted: true });
    expect(await listChanges(pool, lift.credential, 1)).toMatchObject([
      { what: 'block lifted', reason: 'they called' },
    ]);
    await other.close?.();
  });
});

const levels = async (): Promise<readonly number[]> =>
  (await observeLimits(pool, acme)).raised.map(({ level }) => level);

describe('alerts', () => {
  test('come at 80 % and at 100 %, once each', async () => {
    await send(1);
    expect(await levels()).toEqual([]);
    await use('daily', 8);
    expect(await levels()).toEqual([80]);
    await use('daily', 9);
    expect(await levels()).toEqual([]);
    await use('daily', 10);
    expect(await levels()).toEqual([100]);
    expect(await levels()).toEqual([]);
    const { alerts } = await readLimits(pool, acme);
    expect(alerts.map(({ message }) => message.split(';')[0])).toEqual([
      'daily: used up (10 of 10)',
      'daily: 80 % used (8 of 10)',
    ]);
  });

  test('of a sudden 100 % are one alert', async () => {
    await send(1);
    await use('daily', 10);
    expect(await levels()).toEqual([100]);
    expect(await levels()).toEqual([]);
  });

  test('raised by two at once are one alert', async () => {
    await send(1);
    await use('daily', 9);
    expect((await Promise.all([levels(), levels(), levels()])).flat()).toEqual([80]);
  });

  test('come again in the next period, and when people have set another limit', async () => {
    await send(1);
    await use('daily', 9);
    expect(await levels()).toEqual([80]);
    await setOverride(pool, {
      credential: credentialOf(acme),
      bucket: 'daily',
      cap: 11,
      reason: 'x',
      by: 'ops',
      forMs: null,
    });
    expect(await levels()).toEqual([80]);
    await pool.query(
      `update limit_alerts set period = period - interval '1 day', current_until = current_until - interval '1 day' where credential = $1`,
      [credentialOf(acme)],
    );
    expect(await levels()).toEqual([80]);
  });

  test('of a rolling window come once in its length', async () => {
    acme = define({ windows: [{ name: 'hourly', limit: 5, per: '1h' }] });
    await send(4);
    expect(await levels()).toEqual([80]);
    expect(await levels()).toEqual([]);
    await pool.query(
      `update limit_alerts set period = period - interval '1 hour', current_until = current_until - interval '1 hour' where credential = $1`,
      [credentialOf(acme)],
    );
    expect(await levels()).toEqual([80]);
  });

  test('do not come for what is over within the hour', async () => {
    acme = define({
      windows: [{ name: 'minute', limit: 5, per: '1m' }],
      quotas: [{ name: 'short', limit: 5, per: '10m' }],
    });
    await send(5);
    expect(await levels()).toEqual([]);
  });

  test('carry a forecast from the pace of the last minutes', async () => {
    acme = define({ quotas: [{ name: 'yearly', limit: 1000, per: '365d' }] });
    await send(1);
    await use('yearly', 770);
    await observeLimits(pool, acme);
    await pool.query(`update limit_samples set at = at - interval '4 minutes' where credential = $1`, [
      credentialOf(acme),
    ]);
    await use('yearly', 790);
    await observeLimits(pool, acme);
    await pool.query(`update limit_samples set at = at - interval '2 minutes' where credential = $1`, [
      credentialOf(acme),
    ]);
    await use('yearly', 800);
    const { view, raised } = await observeLimits(pool, acme);
    const [yearly] = view.buckets;
    expect(Math.abs((yearly?.pacePerHour ?? 0) - 300)).toBeLessThan(30);
    const goneInMs = Date.parse(yearly?.goneAt ?? '') - Date.parse(view.at);
    expect(Math.abs(goneInMs - 40 * MINUTE)).toBeLessThan(4 * MINUTE);
    expect(raised[0]?.message).toMatch(
      /^yearly: 80 % used \(800 of 1,000\); at this pace gone at \d\d:\d\d, resets .* UTC$/,
    );
  });

  test('rest on samples of two hours, which go also where the secret has changed', async () => {
    const samples = async (): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>(
        'select count(*)::int as n from limit_samples where credential = $1',
        [credentialOf(acme)],
      );
      return rows[0]?.n ?? 0;
    };
    acme = define({ quotas: [{ name: 'yearly', limit: 1000, per: '365d' }] });
    await observeLimits(pool, acme);
    await sweepSamples(pool);
    expect(await samples()).toBe(1);
    await pool.query(`update limit_samples set at = at - interval '121 minutes' where credential = $1`, [
      credentialOf(acme),
    ]);
    const former = acme;
    acme = define({ quotas: [{ name: 'yearly', limit: 1000, per: '365d' }] });
    await observeLimits(pool, acme);
    await sweepSamples(pool);
    expect(await samples()).toBe(1);
    acme = former;
    expect(await samples()).toBe(0);
  });
});
