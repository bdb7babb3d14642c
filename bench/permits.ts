import type { Pool } from 'pg';
import { limits } from '../definitions/definition.ts';
import type { PartnerInput } from '../definitions/definition.ts';
import { LEASE_MS } from '../limits/slots/leases.ts';
import type { Limiter } from '../limits/permits/limiter.ts';
import { postgresLimiter } from '../limits/permits/postgres-limiter.ts';
import { openPool } from '../store/session/open-pool.ts';

const SECONDS = 4;
const plenty = { rate: 1_000_000, burst: 1_000_000 };
const many: PartnerInput['limits'] = {
  ...plenty,
  windows: [{ name: 'minute', limit: 100_000_000, per: '1m' }],
  quotas: [{ name: 'daily', limit: 1_000_000_000, per: 'day' }],
  concurrency: 10_000,
};

interface Case {
  readonly name: string;
  /** What its numbers are called in the bench's result. */
  readonly figure?: string;
  readonly limits: PartnerInput['limits'];
  /** Each with a pool and a desk of its own, as a process has. */
  readonly desks: number;
  readonly streams: number;
  /** Of as many partners as there are desks, or all of one. */
  readonly credentials: 'one' | 'each';
}

const cases: readonly Case[] = [
  { name: 'nothing declared, 1 stream', figure: 'permits_free', limits: {}, desks: 1, streams: 1, credentials: 'one' },
  { name: 'a rate, 1 stream', figure: 'permits', limits: plenty, desks: 1, streams: 1, credentials: 'one' },
  {
    name: 'a rate, 1 desk of 32 streams',
    figure: 'permits_32_streams',
    limits: plenty,
    desks: 1,
    streams: 32,
    credentials: 'one',
  },
  { name: 'a rate, 4 desks of 8 streams, one credential', limits: plenty, desks: 4, streams: 8, credentials: 'one' },
  {
    name: 'four buckets, 4 desks of 8 streams, one credential',
    limits: many,
    desks: 4,
    streams: 8,
    credentials: 'one',
  },
  {
    name: 'a rate, 4 desks of 8 streams, a credential each',
    limits: plenty,
    desks: 4,
    streams: 8,
    credentials: 'each',
  },
];

/**
 * What permits cost: how many one PostgreSQL gives in a second, and how long one takes, where the limits themselves are
 * never reached. The database is migrated.
 */
export async function measurePermits(
  databaseUrl: string,
  say: (line: string) => void,
): Promise<Readonly<Record<string, number>>> {
  const figures: Record<string, number> = {};
  for (const each of cases) {
    const { perSecond, p50Ms, p99Ms } = await measure(databaseUrl, each);
    say(`${each.name}: ${perSecond} permits/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
    if (each.figure === undefined) continue;
    figures[`${each.figure}_per_s`] = perSecond;
    figures[`${each.figure}_p50_ms`] = p50Ms;
    figures[`${each.figure}_p99_ms`] = p99Ms;
  }
  return figures;
}

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(
  databaseUrl: string,
  { name, limits: declared, desks, streams, credentials }: Case,
): Promise<Measured> {
  const pools: Pool[] = [];
  const limiters: Limiter[] = Array.from({ length: desks }, (_, i) => {
    const pool = openPool(databaseUrl, 4);
    pools.push(pool);
    return postgresLimiter(pool, {
      partner: 'bench',
      credential: credentials === 'one' ? name : `${name} ${i}`,
      limits: limits.parse(declared),
      leaseMs: LEASE_MS,
    });
  });
  const tookMs: number[] = [];
  const endsMs = performance.now() + SECONDS * 1000;
  const stream = async (limiter: Limiter): Promise<void> => {
    while (performance.now() < endsMs) {
      const askedMs = performance.now();
      const permit = await limiter.ask({ patienceMs: 1000 });
      if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
      tookMs.push(performance.now() - askedMs);
      await permit.release();
    }
  };
  await Promise.all(limiters.flatMap((limiter) => Array.from({ length: streams }, () => stream(limiter))));
  await Promise.all(limiters.map(async (limiter) => limiter.close?.()));
  await Promise.all(pools.map((pool) => pool.end()));
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2));
  return { perSecond: Math.round(sorted.length / SECONDS), p50Ms: at(0.5), p99Ms: at(0.99) };
}
