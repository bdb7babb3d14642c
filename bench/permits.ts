import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { limits } from '../definitions/definition.ts';
import type { PartnerInput } from '../definitions/definition.ts';
import { LEASE_MS } from '../limits/leases.ts';
import type { Limiter } from '../limits/limiter.ts';
import { postgresLimiter } from '../limits/postgres-limiter.ts';
import { startPostgres } from '../services/postgres.ts';
import { migrate } from '../warehouse/postgres/migrate.ts';
import { openPool } from '../warehouse/postgres/open-pool.ts';

/**
 * What permits cost: how many one PostgreSQL gives in a second, and how long one takes, where the limits themselves are
 * never reached. `npx tsx bench/permits.ts`
 */
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
  readonly limits: PartnerInput['limits'];
  /** Each with a pool and a desk of its own, as a process has. */
  readonly desks: number;
  readonly streams: number;
  /** Of as many partners as there are desks, or all of one. */
  readonly credentials: 'one' | 'each';
}

const cases: readonly Case[] = [
  { name: 'nothing declared, 1 stream', limits: {}, desks: 1, streams: 1, credentials: 'one' },
  { name: 'a rate, 1 stream', limits: plenty, desks: 1, streams: 1, credentials: 'one' },
  { name: 'a rate, 1 desk of 32 streams', limits: plenty, desks: 1, streams: 32, credentials: 'one' },
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

const folder = await mkdtemp(join(tmpdir(), 'syncline-permits-'));
const postgres = await startPostgres({ dataDir: join(folder, 'data'), durable: true });
try {
  await migrate(postgres.url);
  for (const each of cases) console.log(`${each.name}: ${await measure(each)}`);
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure({ name, limits: declared, desks, streams, credentials }: Case): Promise<string> {
  const pools: Pool[] = [];
  const limiters: Limiter[] = Array.from({ length: desks }, (_, i) => {
    const pool = openPool(postgres.url, 4);
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
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `${Math.round(sorted.length / SECONDS)} permits/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
