import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { applyPoints } from '../../../targets/apply-points.ts';
import { applySeries } from '../../support/duckdb-series.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { orders, valuesOf } from '../../support/target-rows.ts';

const duckdb = useDuckdb();

/** Compiled by test/setup.ts. */
const program = fileURLToPath(new URL('../../../dist/test/support/duckdb-writer.js', import.meta.url));

/** By which signal the writer ended. */
async function runWriter(...args: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

test('a writer that is killed in the middle of loads, again and again, leaves what an undisturbed one leaves', async () => {
  const undisturbed = await duckdb.open({ path: duckdb.newPath() });
  await applySeries(undisturbed);
  const path = duckdb.newPath();
  for (const point of applyPoints) expect([point, await runWriter(path, point, '2')]).toEqual([point, 'SIGKILL']);

  const target = await duckdb.open({ path });
  const { event } = await target.open(orders);
  // Each of the five had one load behind it; the last one was killed after its second was committed.
  expect(event).toBe(300);
  await applySeries(target);
  expect(await valuesOf(target, orders)).toEqual(await valuesOf(undisturbed, orders));
  expect((await target.open(orders)).event).toBe((await undisturbed.open(orders)).event);
});
