import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { killedAt } from '../support/killed-at.ts';
import { firstOf } from '../support/long.ts';
import { changesOf } from '../support/target-rows.ts';
import { useKind } from './kinds.ts';
import { openLandBench, PARTNER, type LandBench } from './land-bench.ts';

const program = fileURLToPath(new URL('../../dist/test/targets/compare-process.js', import.meta.url));
const tables = ['syncline.target_comparisons', 'syncline.target_findings'];
/** Of all statements that a comparison writes: its findings, its sums, the second look begins, its verdict; then the others. */
const statements = firstOf([9, 4, 5, 8, 1, 2, 3, 6, 7], 2);

const warehouse = useKind('duckdb');
let bench: LandBench;
let declared: TargetDefinition;
beforeAll(async () => {
  bench = await openLandBench();
  await bench.define({
    orders: {
      primaryKey: ['id'],
      version: ['v'],
      schema: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, v: { type: 'integer' } },
      },
    },
  });
  await bench.pull('orders', [Array.from({ length: 20 }, (_, i) => JSON.stringify({ id: `k${i}`, v: 1 }))]);
  declared = await warehouse.declare();
  const target = await warehouse.open(declared);
  await bench.apply('orders', target);
  const table = await bench.tableOf('orders');
  const event = (await target.placed(table)).live?.event ?? 0;
  await target.apply(table, changesOf(event, [], { to: event, deletes: [['k5'], ['k6']] }));
  // One process at a time has the file.
  await target.close();
});
afterAll(() => bench.close());

const pathOf = (of: TargetDefinition): string => (of.type === 'duckdb' ? of.path : '');

/** Beside the file there is nothing but its log. */
async function filesOf(of: TargetDefinition): Promise<readonly string[]> {
  const path = pathOf(of);
  return (await readdir(dirname(path))).filter((name) => name !== basename(path) && name !== `${basename(path)}.wal`);
}

test.each(statements)(
  'a process that is killed while it writes for the %ith time is followed by one that finds the same',
  async (statement) => {
    const runId = `killed at ${statement}`;
    const args = [
      program,
      bench.url,
      bench.dir,
      JSON.stringify({ type: 'duckdb', path: pathOf(declared) }),
      PARTNER,
      'orders',
      runId,
    ];
    expect(await killedAt(bench.pool, args, { tables, statement })).toBe(true);
    const target = await warehouse.open(declared);
    // Two at once: the one before may only have been thought dead.
    const [compared, other] = await Promise.all([
      bench.compare('orders', target, { runId }),
      bench.compare('orders', target, { runId }),
    ]);
    expect(compared).toMatchObject({ verdict: 'differs', missing: 2, extra: 0, different: 0, storeRows: 20 });
    expect(compared.found.map(({ key }) => key)).toEqual(['k5', 'k6']);
    expect({ ...other, steps: compared.steps }).toEqual(compared);
    const { rows } = await bench.pool.query(
      `select state, buckets from syncline.target_comparisons where run_id = $1`,
      [runId],
    );
    expect(rows).toEqual([{ state: 'done', buckets: null }]);
    expect(await filesOf(declared)).toEqual([]);
  },
);
