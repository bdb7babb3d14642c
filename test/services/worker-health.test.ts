import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cachedWorkflowBundle } from '../../services/workflow-bundle.ts';
import { cacheDir } from '../support/cache-dir.ts';
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

const health = (taskQueue: string): Promise<unknown> =>
  run(process.execPath, ['--import', 'tsx', 'scripts/worker-health.ts', taskQueue], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: temporal.address },
  });

describe('scripts/worker-health.ts', () => {
  test('is well while a worker of this machine asks for work, and not where none does', async () => {
    const index = join(import.meta.dirname, '../support/tiny-workflows/index.ts');
    const codePath = await cachedWorkflowBundle({ cacheDir: cacheDir(), index });
    const taskQueue = uniqueName('health');
    const worker = await workers.create({ taskQueue, workflowBundle: { codePath }, workflows: false });
    await worker.runUntil(async () => {
      const { client } = temporal;
      const answer = client.workflow.execute('tiny', { args: ['hello'], taskQueue, workflowId: uniqueName('tiny') });
      expect(await answer).toBe('hello, tiny');
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
