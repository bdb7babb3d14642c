import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { plainNames } from '../../messages/names.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { versioningOf } from '../../workers/versioning.ts';
import {
  definePartner,
  ownNamespace,
  runToEnd,
  calm,
  startWorker,
  WINDOW,
  type Ground,
} from '../durability/durable-bench.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ payments: 50 });
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

test('without a build id workers have no versions', () => {
  expect(versioningOf(undefined)).toEqual({});
});

test('with one they do the work of the version that is made current', async () => {
  const ground: Ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  const { namespace } = ground;
  const partner = uniqueName('versioned');
  await definePartner(ground, partner);
  const worker = startWorker(ground, partner, { ...calm, SYNCLINE_BUILD_ID: '1.4.2' });
  await worker.ready;
  const { workflowService } = temporal.connection;
  const current = { namespace, deploymentName: 'syncline', buildId: '1.4.2' };
  // The server hears of it when its first queue is polled, and refuses until all queues are there.
  const set = (): Promise<boolean> =>
    workflowService.setWorkerDeploymentCurrentVersion(current).then(
      () => true,
      () => false,
    );
  expect(await eventually(set)).toBe(true);

  expect(await runToEnd(ground, partner)).toMatchObject({ outcome: 'ok', counts: { inserted: 50 } });
  const workflowId = plainNames.streamSyncId({ partner, stream: 'payments', window: WINDOW, generation: 1 });
  const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution({
    namespace,
    execution: { workflowId },
  });
  expect(workflowExecutionInfo?.versioningInfo?.deploymentVersion).toMatchObject({
    deploymentName: 'syncline',
    buildId: '1.4.2',
  });
  expect(await worker.stop()).toBe(0);
});
