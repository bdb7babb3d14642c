import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { testTemporal, uniqueName } from '../support/temporal.ts';
import type { TestTemporal } from '../support/temporal.ts';
import { testWorkers } from '../support/test-worker.ts';
import type { TestWorkers } from '../support/test-worker.ts';

const run = promisify(execFile);
let temporal: TestTemporal;
let workers: TestWorkers;
beforeAll(async () => {
  [temporal, workers] = await Promise.all([testTemporal(), testWorkers()]);
});
afterAll(async () => {
  await workers.close();
  await temporal.close();
});

/** Compiled by test/setup.ts, and called by docker-compose.yml as it is. */
const health = (taskQueue: string): Promise<unknown> =>
  run(process.execPath, ['dist/scripts/worker-health.js', taskQueue], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: temporal.address },
  });

describe('scripts/worker-health.ts', () => {
  test('is well while a worker of this machine asks for work, and not where none does', async () => {
    const taskQueue = uniqueName('health');
    const worker = await workers.create({ taskQueue });
    await worker.runUntil(async () => {
      expect(
        await eventually(() =>
          health(taskQueue).then(
            () => true,
            () => false,
          ),
        ),
      ).toBe(true);
    });
    await expect(health(uniqueName('nobody'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no worker of this container'),
    });
  });
});
