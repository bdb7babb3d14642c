import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createControlActivities } from '../../activities/index.ts';
import { askGovernor, tellGovernor } from '../../client/governor.ts';
import { setQueueRate } from '../../client/queue-rate.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { readConfig } from '../../config/config.ts';
import { MINUTE } from '../../core/duration.ts';
import { plainNames } from '../../messages/names.ts';
import { pauseIn } from '../../core/queue-rate.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../services/temporal-server.ts';
import type { Simulator } from '../../simulator/start.ts';
import { startSimulator } from '../../simulator/start.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { statusOfStreams } from '../../store/inspect/stream-status.ts';
import { buildDeps } from '../../workers/build-deps.ts';
import { createLogger } from '../../workers/logger.ts';
import { workflowSource } from '../../workers/workflow-source.ts';
import { governorTimes, type GovernorState } from '../../messages/govern-partner.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { endBlockIn, isDefined, isPaused, queueOf, queueWhen, refuse } from '../support/governed.ts';
import { openScene, WINDOW, type Scene } from './scene.ts';

const names = ['throttled', 'terminated', 'person', 'died', 'quiet', 'lost_run'] as const;
/** Longer than ten seconds when the governor looks, or it would be left to the permits. */
const LONG_MS = 18_000;
/** Of a block that ends while its pause is looked at. */
const SOON_MS = 8000;

let temporal: TemporalServer;
let database: TestDatabase;
let simulator: Simulator;
let scene: Scene;
beforeAll(async () => {
  const cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  [temporal, database, simulator] = await Promise.all([
    startTemporal({ cliPath, uiPort: null }),
    freshDatabase(),
    startSimulator({
      seed: 11,
      payments: 500,
      customers: 200,
      latencyMs: 20,
      faults: [{ kind: 'throttle', stream: 'payments', nth: 3, seconds: LONG_MS / 1000 }],
    }),
  ]);
  scene = await openScene({
    temporalAddress: temporal.address,
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    queueCheckMs: 1000,
    partners: Object.fromEntries(
      names.map((name) => [
        name,
        { baseUrl: simulator.url.replace('127.0.0.1', 'localhost'), auth: { type: 'bearer', token: name } },
      ]),
    ),
  });
  slow.terminated = outliveTermination();
  slow.died = outliveDeath();
  for (const each of Object.values(slow)) each.catch(() => {});
});
afterAll(async () => {
  await Promise.allSettled(Object.values(slow));
  await scene?.close();
  await simulator?.close();
  await temporal?.stop();
  await database?.drop();
});

const left = (until: string): number => Date.parse(until) - Date.now();

test('a long refusal pauses the queue, everyone can see why, and all goes on by itself', async () => {
  const partner = 'throttled';
  const { handle, runId } = await startSync(scene.client, {
    ...{ partner, streams: [], window: WINDOW, kind: 'manual', generation: 1 },
  });
  const paused = await queueWhen(scene.client, partner, isPaused);
  // What had left when the refusal came cannot be called back, and has arrived by now.
  const arrived = simulator.requests().length;
  const pause = pauseIn(paused);
  expect(paused.rate).toBe(0);
  expect(pause?.cause).toMatch(/answered 429/);
  expect(Math.abs(left(pause?.until ?? ''))).toBeLessThan(LONG_MS + 2000);

  const asked = (): Promise<GovernorState | undefined> => askGovernor(scene.client, { names: plainNames, partner });
  // Its activity pauses the queue, and the governor hears of it a little later.
  await eventually(async () => (await asked())?.pause?.until === pause?.until);
  expect(await asked()).toMatchObject({ partner, pause, runs: [runId], trouble: null, limits: { blocked: pause } });
  const { currentDetails } = await scene.client.workflow
    .getHandle(plainNames.governorId(partner))
    .query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(`**Queue paused** until ${pause?.until}`);
  const syncId = plainNames.streamSyncId({ partner, stream: 'payments', window: WINDOW, generation: 1 });
  // The governor may have seen the block before the stream wrote down that it waits.
  await eventually(async () => (await showRun(scene.pool, syncId)).streams[0]?.deferredUntil !== null);
  const { streams } = await showRun(scene.pool, syncId);
  expect(streams).toMatchObject([{ deferredUntil: expect.any(String), deferredCause: expect.stringContaining('429') }]);
  const status = (await statusOfStreams(scene.pool)).find(
    (each) => each.partner === partner && each.stream === 'payments',
  );
  expect(status?.deferredCause).toBe(streams[0]?.deferredCause);

  expect(await reportOfSync(handle)).toMatchObject({ outcome: 'ok' });
  const arrivals = simulator.requests();
  const refusedAtMs = arrivals.find(({ status }) => status === 429)?.atMs ?? Number.NaN;
  expect(refusedAtMs).toBeGreaterThan(0);
  expect(arrivals.slice(arrived).filter(({ atMs }) => atMs < refusedAtMs + LONG_MS)).toEqual([]);
  expect(arrivals.length).toBeGreaterThan(arrived);
  expect((await showRun(scene.pool, syncId)).streams).toMatchObject([{ deferredUntil: null, deferredCause: null }]);
  // The speed was cut too: until it has climbed back, the rate is lower and says so.
  const after = await queueWhen(scene.client, partner, (queue) => !isPaused(queue));
  expect(after.reason).toMatch(
    /^syncline: (\d+ % of the defined rate until .* after a throttled answer|rate of the definition)$/,
  );
  expect(await eventually(async () => (await asked())?.runs.length === 0)).toBe(true);
});

/** Both take their time: they run side by side, beside the first test. */
const slow: Partial<Record<'terminated' | 'died', Promise<void>>> = {};

async function outliveTermination(): Promise<void> {
  const partner = 'terminated';
  await refuse(scene, partner, MINUTE);
  const until = await endBlockIn(scene, partner, SOON_MS);
  await scene.client.workflow.getHandle(plainNames.governorId(partner)).terminate('test');
  await queueWhen(scene.client, partner, isDefined, left(until) + 20_000);
  // Not before: the partner's block holds, whoever has died.
  expect(left(until)).toBeLessThan(0);
}

/** The first look sets the queue and is lost. */
async function outliveDeath(): Promise<void> {
  const partner = 'died';
  const connection = await NativeConnection.connect({ address: temporal.address });
  const deps = buildDeps(
    readConfig({ DATABASE_URL: database.url, SYNCLINE_PARTNERS_DIR: scene.partnersDir }),
    createLogger('silent'),
  );
  const activities = createControlActivities(deps.activities);
  let looks = 0;
  const worker = await Worker.create({
    connection,
    taskQueue: 'fragile',
    ...workflowSource({ bundlePath: process.env['WORKFLOW_BUNDLE'] }),
    activities: {
      ...activities,
      lookAtLimits: async (input: Parameters<typeof activities.lookAtLimits>[0]) => {
        const look = await activities.lookAtLimits(input);
        if (++looks === 1) throw new Error('died');
        return look;
      },
    },
  });
  await worker.runUntil(async () => {
    await refuse(scene, partner, MINUTE, { told: false });
    await scene.client.workflow.start('governPartner', {
      workflowId: plainNames.governorId(partner),
      taskQueue: 'fragile',
      args: [{ partner, times: governorTimes, runs: [] }],
    });
    const until = await endBlockIn(scene, partner, SOON_MS);
    await queueWhen(scene.client, partner, isDefined, left(until) + 20_000);
    // The one that was lost, one that saw the new end, and one that put the queue right.
    expect(looks).toBeGreaterThanOrEqual(3);
  });
  await deps.close();
  await connection.close();
}

describe('a queue that we have paused is never left behind', () => {
  test('when its governor was terminated', () => expect(slow.terminated).resolves.toBeUndefined());
  test('when whoever paused it died before it could say so', () => expect(slow.died).resolves.toBeUndefined());

  test('but what a person has paused stays paused', async () => {
    const partner = 'person';
    const theirs = { rate: 0, reason: 'their API is on fire, until Monday' };
    await setQueueRate(queueOf(scene.client, partner), theirs);
    await refuse(scene, partner, MINUTE);
    expect(
      await eventually(
        async () => (await askGovernor(scene.client, { names: plainNames, partner: partner }))?.queue?.foreign === true,
      ),
    ).toBe(true);
    // Several checks of the workers and looks of the governor later.
    for (let i = 0; i < 4; i++) {
      await tellGovernor(scene.client, { names: plainNames, partner, signal: 'refresh', news: null });
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(await queueWhen(scene.client, partner, () => true)).toEqual(theirs);
    }
  });
});

test('a run that was terminated, and cannot say that it has ended, is not waited for', async () => {
  const partner = 'lost_run';
  await tellGovernor(scene.client, {
    names: plainNames,
    partner,
    signal: 'work',
    news: { runId: `sync/${partner}/gone`, state: 'begun' },
  });
  expect(
    await eventually(async () => {
      const state = await askGovernor(scene.client, { names: plainNames, partner: partner });
      return state !== undefined && state.limits !== null && state.runs.length === 0;
    }),
  ).toBe(true);
});

test('a governor without work ends, and the next word starts it again', async () => {
  const partner = 'quiet';
  const times = { lookMs: 100, pausedLookMs: 100, quietMs: 300 };
  const handle = scene.client.workflow.getHandle(plainNames.governorId(partner));
  await tellGovernor(scene.client, { names: plainNames, partner, signal: 'refresh', news: null, times });
  await handle.result();
  await tellGovernor(scene.client, { names: plainNames, partner, signal: 'refresh', news: null });
  expect((await handle.describe()).status.name).toBe('RUNNING');
});
