import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import type { FoundPair } from '../core/duplicates.ts';
import { openPool } from '../landing/postgres-warehouse.ts';
import { startPostgres } from '../services/postgres.ts';
import { beginChange, changePiece } from '../store/duplicates/changes.ts';
import { decidePairs } from '../store/duplicates/decide.ts';
import { numberClusters } from '../store/duplicates/number-clusters.ts';
import { writePairs } from '../store/duplicates/pairs.ts';
import { beginPlan, notePlanReady } from '../store/duplicates/plans.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { transaction } from '../store/session/transaction.ts';

/**
 * `node --import tsx bench/duplicate-plan.ts [--pairs N]`: what a plan of many pairs costs from its first pair to its undo, beside a plain insert of as
 * many rows of the same width into the same database. Clusters have three rows.
 */
const { values } = parseArgs({ options: { pairs: { type: 'string', default: '200000' } } });
const PAIRS = Number(values.pairs);
const BATCH = 5000;
const name = 'bench';
const given = { by: 'bench', reason: 'a bench' };

const folder = await mkdtemp(join(tmpdir(), 'syncline-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
const pool: Pool = openPool(postgres.url);

function pairAt(n: number): FoundPair {
  const cluster = Math.floor(n / 2);
  const row = (at: number): FoundPair['left'] => ({
    stream: 'crm.contacts',
    row: `${String(cluster).padStart(9, '0')}-${at}`,
  });
  const levels = { email: { level: 'exact', weight: 11.2 }, name: { level: 'similar 0.92', weight: 4.1 } };
  return { left: row(n % 2), right: row((n % 2) + 1), rule: 'score', weight: 10 + (n % 7), probability: 0.999, levels };
}

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);

async function timed(step: string, work: () => Promise<void>): Promise<void> {
  const from = performance.now();
  await work();
  const seconds = (performance.now() - from) / 1000;
  console.log(
    `${step.padEnd(22)} ${seconds.toFixed(1).padStart(7)} s ${Math.round(PAIRS / seconds)
      .toLocaleString('en-US')
      .padStart(9)} pairs/s   peak RSS ${Math.round(peak / 1e6)} MB`,
  );
}

try {
  await migrate(postgres.url);
  await pool.query('create table plain (like duplicate_pairs including indexes)');
  const batches = async (write: (pairs: readonly FoundPair[], first: number) => Promise<unknown>): Promise<void> => {
    for (let from = 0; from < PAIRS; from += BATCH)
      await write(
        Array.from({ length: Math.min(BATCH, PAIRS - from) }, (_, at) => pairAt(from + at)),
        from + 1,
      );
  };
  const { plan, claim } = await transaction(pool, (client) =>
    beginPlan(client, { name, workflowId: 'bench', settings: { largest: 50, from: [] }, follows: null, by: 'bench' }),
  );
  await timed('plain insert', async () =>
    batches((pairs, first) =>
      pool.query(
        `insert into plain (plan_id, pair, left_stream, left_row, right_stream, right_row, rule, weight, probability, levels, found)
          select 1, $1 + row_number() over (), l ->> 'stream', l ->> 'row', r ->> 'stream', r ->> 'row', rule, weight, probability, levels, 'merge'
            from json_to_recordset($2) as n("left" json, "right" json, rule text, weight float8, probability float8, levels jsonb), lateral (select "left" as l, "right" as r) x`,
        [first, JSON.stringify(pairs)],
      ),
    ),
  );
  await timed('pairs of the plan', () =>
    batches((pairs, first) => writePairs(pool, { plan, claim, name, first, merge: 0.99, pairs })),
  );
  await timed('clusters', () =>
    transaction(pool, async (client) => {
      const counts = await numberClusters(client, { plan, name, largest: 50 });
      await notePlanReady(client, { plan, claim, weights: {}, lookedAt: {}, counts });
    }),
  );
  await timed('approve', async () => {
    await decidePairs(pool, { plan, filter: { found: 'merge' }, decision: 'merge', ...given });
  });
  for (const action of ['apply', 'undo', 'apply'] as const)
    await timed(action, async () => {
      const change = await beginChange(pool, { plan, action, scope: {}, ...given });
      while (await changePiece(pool, change)) continue;
    });
} finally {
  clearInterval(watch);
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
