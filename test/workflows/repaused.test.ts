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
import { backfillCancel, backfillPause, backfillShow } from '../../cli/commands/backfills.ts';
import { readConfig } from '../../config/config.ts';
import { eventually } from '../support/eventually.ts';
import { said, type Said } from '../support/said.ts';
import { uniqueName } from '../support/temporal.ts';
import { openSuiteScene, type SuiteScene } from './suite-scene.ts';

const partner = uniqueName('repaused');
let scene: SuiteScene;
beforeAll(async () => {
  scene = await openSuiteScene((baseUrl) => ({ partners: { [partner]: { baseUrl } } }), { latencyMs: 5 });
});
afterAll(() => scene?.close());

const plan = { from: '2026-01-01', to: '2026-03-30', chunk: '30d', zone: null, order: 'oldest' } as const;
const asked = { partner, stream: 'payments', plan, concurrency: 2, generation: 1 };

test('a backfill that is resumed and paused again at once begins no window', async () => {
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

test('a backfill that no worker has taken up yet can be paused, and begins no window', async () => {
  const config = readConfig(scene.env);
  const again = { ...asked, generation: 2 };
  let runId = '';
  let shown: Promise<Said> | undefined;
  await scene.withoutWorkers(async () => {
    ({ runId } = await startBackfill(scene.client, plainNames, again));
    shown = said<{ windows?: boolean }>(config, {}, (context) => backfillShow({ ...context, id: runId }));
    expect((await said(config, {}, (context) => backfillPause({ ...context, id: runId }))).code).toBe(0);
    const other = said(config, {}, (context) => backfillCancel({ ...context, id: `${runId}0` }));
    await expect(other).rejects.toThrow('there is no backfill');
  });
  // It waits for the first worker.
  expect(await shown).toMatchObject({ code: 0, json: { runId, outcome: null, tally: { windows: 3 } } });
  let progress: BackfillProgress | undefined;
  await eventually(async () => (progress = await askBackfill(scene.client, runId))?.windows === 3);
  expect(progress).toMatchObject({ paused: true, ok: 0, running: [] });
  await resumeBackfill(scene.client, runId);
  const { handle } = await startBackfill(scene.client, plainNames, again);
  expect(await reportOfBackfill(handle)).toMatchObject({ failed: 0 });
});
