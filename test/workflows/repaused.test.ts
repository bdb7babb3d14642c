import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  askBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
  startBackfill,
} from '../../client/start-backfill.ts';
import type { BackfillProgress } from '../../messages/backfill.ts';
import { plainNames } from '../../messages/names.ts';
import { eventually } from '../support/eventually.ts';
import { uniqueName } from '../support/temporal.ts';
import { openSuiteScene, type SuiteScene } from './suite-scene.ts';

const partner = uniqueName('repaused');
let scene: SuiteScene;
beforeAll(async () => {
  scene = await openSuiteScene((baseUrl) => ({ partners: { [partner]: { baseUrl } } }), { latencyMs: 5 });
});
afterAll(() => scene?.close());

test('a backfill that is resumed and paused again at once begins no window', async () => {
  const plan = { from: '2026-01-01', to: '2026-03-30', chunk: '30d', zone: null, order: 'oldest' } as const;
  const asked = { partner, stream: 'payments', plan, concurrency: 2, generation: 1 };
  const { handle, runId } = await startBackfill(scene.client, plainNames, asked);
  await pauseBackfill(scene.client, runId, { now: true });
  // No worker may answer in time on a busy machine.
  const standing = async (): Promise<BackfillProgress> => {
    let progress: BackfillProgress | undefined;
    await eventually(async () => {
      progress = await askBackfill(scene.client, runId);
      return progress?.running.length === 0 && progress.windows === 3;
    });
    return progress as unknown as BackfillProgress;
  };
  const before = await standing();
  // Both orders come with one task of the workflow.
  await scene.withoutWorkers(async () => {
    await resumeBackfill(scene.client, runId);
    await pauseBackfill(scene.client, runId, { now: true });
  });
  expect(await standing()).toMatchObject({ paused: true, ok: before.ok, left: before.left });
  await resumeBackfill(scene.client, runId);
  expect(await reportOfBackfill(handle)).toMatchObject({ outcome: 'ok', failed: 0 });
});
