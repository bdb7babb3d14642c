import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection, type WorkflowHandle } from '@temporalio/client';
import {
  askBackfill,
  cancelBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
  startBackfill,
  type StartedBackfill,
} from '../client/start-backfill.ts';
import { askGovernor, tellGovernor, wakeStreams } from '../client/governor.ts';
import { cancelWorkflow, showPauses } from '../client/control.ts';
import { startRetry } from '../client/start-retry.ts';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { applyChange, catchUpSchedule } from '../client/schedules.ts';
import { processConfig } from '../config/env.ts';
import { GiveUp } from '../core/errors.ts';
import { MINUTE } from '../core/duration.ts';
import { governorId, retryId, scheduledRunId, scheduleId, searchAttributes, streamSyncId } from '../core/names.ts';
import type { DeclaredSchedule } from '../core/schedule.ts';
import { startChildServer, type ChildServer } from '../services/child-server.ts';
import { freePort } from '../services/free-port.ts';
import { startPostgres } from '../services/postgres.ts';
import { resolveTemporalCli } from '../services/temporal-cli.ts';
import { dynamicConfig } from '../services/temporal-server.ts';
import { cachedWorkflowBundle } from '../services/workflow-bundle.ts';
import { startSimulator, type Simulator } from '../simulator/start.ts';
import type { FaultInput } from '../simulator/fault.ts';
import { openScene, WINDOW, type Scene } from '../test/workflows/scene.ts';
import { migrate } from '../warehouse/postgres/migrate.ts';
import { openStreamRuns } from '../warehouse/postgres/open-runs.ts';
import { endPauses, orderPause } from '../warehouse/postgres/pauses.ts';
import { scrubHistory } from './scrub-history.ts';

/**
 * `record-history [FOLDER [NAME…]]`: runs every workflow for real, in the states it can be in, and keeps the histories for
 * test/workflows/replay.test.ts. Record anew only when old runs no longer have to go on: after a change that needs
 * `patched()`, the old histories are the proof that it works.
 */
const [, , folder = 'test/histories', ...only] = process.argv;
// The package has no types for this path.
const { historyToJSON } = createRequire(import.meta.url)('@temporalio/common/lib/proto-utils') as {
  readonly historyToJSON: (history: unknown) => string;
};

/** A run of many grants passes it and continues as new; the others stay below. */
const SUGGEST_CONTINUE_AS_NEW = 45;

interface Recording {
  readonly faults?: readonly FaultInput[];
  readonly grant?: { readonly requests: number };
  /** Ends when all that is to be recorded has ended. */
  readonly play: (stage: Stage) => Promise<void>;
}

interface Stage {
  readonly scene: Scene;
  readonly partner: string;
  readonly simulator: Simulator;
  readonly start: (streams?: readonly string[]) => ReturnType<typeof startSync>;
  /** Windows of thirty days that end with this day. */
  readonly backfill: (to: string, stream?: string) => Promise<StartedBackfill>;
  /** Starts the schedule's slot of the night after WINDOW. */
  readonly slot: () => Promise<WorkflowHandle>;
  readonly streamId: (stream: string) => string;
  /** The last run of a workflow, or the run named. */
  readonly save: (name: string, workflowId: string, workflowRunId?: string) => Promise<void>;
}

const recordings: Readonly<Record<string, Recording>> = {
  ok: {
    play: async ({ start, streamId, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      await save('syncPartner.ok', runId);
      await save('syncStream.ok', streamId('payments'));
    },
  },
  partial: {
    faults: [{ kind: 'status', status: 400, stream: 'customers' }],
    play: async ({ start, streamId, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      await save('syncPartner.partial', runId);
      await save('syncStream.failed', streamId('customers'));
    },
  },
  cancelled: {
    faults: [{ kind: 'delay', ms: 3000, stream: 'payments', nth: 3 }],
    play: async ({ start, streamId, save, simulator }) => {
      const { handle, runId } = await start();
      await until(() => simulator.requests().filter(({ stream }) => stream === 'payments').length === 3);
      await handle.cancel();
      await reportOfSync(handle);
      await save('syncPartner.cancelled', runId);
      await save('syncStream.cancelled', streamId('payments'));
    },
  },
  joined: {
    play: async ({ start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const { handle, runId } = await start();
      await reportOfSync(handle);
      await save('syncPartner.joined', runId);
    },
  },
  awaited: {
    faults: [{ kind: 'delay', ms: 2000, stream: 'payments', nth: 1 }],
    play: async ({ start, save, simulator }) => {
      const first = await start(['payments']);
      await until(() => simulator.requests().length > 0);
      const { handle, runId } = await start();
      await reportOfSync(handle);
      await reportOfSync(first.handle);
      await save('syncPartner.awaited', runId);
    },
  },
  refused: {
    play: async ({ start, save }) => {
      const { handle, runId } = await start(['nothing']);
      await reportOfSync(handle);
      await save('syncPartner.refused', runId);
    },
  },
  deferred: {
    faults: [{ kind: 'throttle', stream: 'payments', nth: [1, 3], seconds: 1 }],
    play: async ({ start, streamId, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      await save('syncStream.deferred', streamId('payments'));
    },
  },
  retried: {
    faults: [{ kind: 'status', status: 500, stream: 'payments', nth: [1, 2, 5] }],
    play: async ({ start, streamId, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      await save('syncStream.retried', streamId('payments'));
    },
  },
  governed: {
    faults: [{ kind: 'throttle', stream: 'payments', nth: 3, seconds: 12 }],
    play: async ({ scene, partner, start, streamId, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      // The queue has been set back, and the run has said that it has ended.
      while ((await askGovernor(scene.client, partner))?.runs.length !== 0) await wait(50);
      await save('syncPartner.governed', runId);
      await save('syncStream.governed', streamId('payments'));
      await save('governPartner.paused', governorId(partner));
    },
  },
  woken: {
    faults: [{ kind: 'throttle', stream: 'payments', nth: 3, seconds: 12 }],
    play: async ({ scene, start, streamId, save }) => {
      const { handle } = await start(['payments']);
      const { workflowService } = scene.client;
      const waits = async (): Promise<boolean> => {
        const execution = { workflowId: streamId('payments') };
        const { history } = await workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution });
        return history?.events?.some((event) => event.timerStartedEventAttributes != null) ?? false;
      };
      while (!(await waits().catch(() => false))) await wait(50);
      const first = (await scene.client.workflow.getHandle(streamId('payments')).describe()).runId;
      await wakeStreams(scene.client, [streamId('payments')]);
      await reportOfSync(handle);
      await save('syncStream.woken', streamId('payments'), first);
    },
  },
  quiet: {
    play: async ({ scene, partner, save }) => {
      const times = { lookMs: 100, pausedLookMs: 100, quietMs: 300 };
      await tellGovernor(scene.client, { partner, signal: 'refresh', news: null, times });
      await scene.client.workflow.getHandle(governorId(partner)).result();
      await save('governPartner.quiet', governorId(partner));
    },
  },
  busy: {
    play: async ({ scene, partner, save }) => {
      const workflowId = governorId(partner);
      const times = { lookMs: 100, pausedLookMs: 100, quietMs: 300 };
      // Any workflow that goes on is work: here itself.
      const news = { runId: workflowId, state: 'begun' } as const;
      await tellGovernor(scene.client, { partner, signal: 'work', news, times });
      const first = (await scene.client.workflow.getHandle(workflowId).describe()).runId;
      while ((await scene.client.workflow.getHandle(workflowId).describe()).runId === first) await wait(50);
      await save('governPartner.continues', workflowId, first);
      await tellGovernor(scene.client, { partner, signal: 'work', news: { ...news, state: 'ended' } });
      await wait(200);
      await save('governPartner.continued', workflowId);
    },
  },
  past: {
    play: async ({ backfill, save }) => {
      const short = await backfill('2026-01-30');
      await reportOfBackfill(short.handle);
      await save('backfillStream.ok', short.runId);
      // Too many events for one run of the workflow; the first window is finished.
      const long = await backfill('2026-09-30');
      await reportOfBackfill(long.handle);
      await saveChain('backfillStream', long.handle, save);
    },
  },
  past_failed: {
    faults: [{ kind: 'status', status: 400, nth: 2 }],
    play: async ({ backfill, save }) => {
      const { handle, runId } = await backfill('2026-03-30');
      await reportOfBackfill(handle);
      await save('backfillStream.partial', runId);
    },
  },
  past_refused: {
    play: async ({ backfill, save }) => {
      const { handle, runId } = await backfill('2026-01-30', 'customers');
      await reportOfBackfill(handle);
      await save('backfillStream.refused', runId);
    },
  },
  past_paused: {
    faults: [{ kind: 'delay', ms: 3000, nth: 2 }],
    play: async ({ scene, simulator, backfill, save }) => {
      const { handle, runId } = await backfill('2026-03-30');
      await until(() => simulator.requests().length >= 2);
      const first = (await handle.describe()).runId;
      await pauseBackfill(scene.client, runId, { now: true });
      while ((await askBackfill(scene.client, runId))?.running.length !== 0) await wait(50);
      await resumeBackfill(scene.client, runId);
      await reportOfBackfill(handle);
      await save('backfillStream.paused', runId, first);
    },
  },
  past_cancelled: {
    faults: [{ kind: 'delay', ms: 3000, nth: 2 }],
    play: async ({ scene, simulator, backfill, save }) => {
      const { handle, runId } = await backfill('2026-03-30');
      await until(() => simulator.requests().length >= 2);
      await cancelBackfill(scene.client, runId);
      await reportOfBackfill(handle);
      await save('backfillStream.cancelled', runId);
    },
  },
  paused: {
    faults: [{ kind: 'delay', ms: 1000, stream: 'payments', nth: 3 }],
    play: async ({ scene, partner, simulator, start, streamId, save }) => {
      const { handle } = await start(['payments']);
      await until(() => simulator.requests().length === 3);
      const pause = { scope: 'partner', target: partner, partner, reason: 'recorded', by: 'recorder' } as const;
      await orderPause(scene.pool, { ...pause, atOnce: false });
      while (!(await openStreamRuns(scene.pool, { partner })).every(({ kind }) => kind === 'paused')) await wait(50);
      await wait(500);
      await endPauses(scene.pool, { targets: [pause], by: 'recorder', reason: 'over' });
      await wakeStreams(scene.client, [streamId('payments')]);
      await reportOfSync(handle);
      await save('syncStream.paused', streamId('payments'));
    },
  },
  aside: {
    faults: [{ kind: 'delay', ms: 3000, stream: 'payments', nth: 3 }],
    play: async ({ scene, simulator, start, streamId, save }) => {
      const { handle, runId } = await start();
      await until(() => simulator.requests().filter(({ stream }) => stream === 'payments').length === 3);
      await showPauses(scene.client, [{ runId, pauses: ['recorded'] }]);
      await cancelWorkflow(scene.client, streamId('payments'));
      await reportOfSync(handle);
      await save('syncPartner.aside', runId);
    },
  },
  retried_once: {
    faults: [{ kind: 'status', status: 400, stream: 'payments', nth: 3 }],
    play: async ({ scene, partner, start, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      const retry = { runId, partner, stream: 'payments', window: WINDOW, kind: 'manual' } as const;
      await reportOfSync(await startRetry(scene.client, retry));
      await save('retryStream.ok', retryId(runId, 'payments'));
    },
  },
  retried_in_vain: {
    faults: [{ kind: 'status', status: 400, stream: 'payments' }],
    play: async ({ scene, partner, start, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      const retry = { runId, partner, stream: 'payments', window: WINDOW, kind: 'manual' } as const;
      await reportOfSync(await startRetry(scene.client, retry));
      await save('retryStream.failed', retryId(runId, 'payments'));
    },
  },
  continued: {
    grant: { requests: 1 },
    play: async ({ scene, start, streamId, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      await saveChain('syncStream', scene.client.workflow.getHandle(streamId('payments')), save);
    },
  },
  night_ok: {
    play: async ({ slot, save }) => {
      const run = await slot();
      await ended(run);
      await save('scheduledSync.ok', run.workflowId);
    },
  },
  night_joined: {
    faults: [{ kind: 'delay', ms: 2500, nth: 2 }],
    play: async ({ simulator, start, slot, save }) => {
      await start();
      await until(() => simulator.requests().length >= 2);
      const run = await slot();
      await ended(run);
      await save('scheduledSync.joined', run.workflowId);
    },
  },
  night_failed: {
    faults: [{ kind: 'status', status: 400 }],
    play: async ({ slot, save }) => {
      const run = await slot();
      await ended(run);
      await save('scheduledSync.failed', run.workflowId);
    },
  },
  night_cancelled: {
    faults: [{ kind: 'delay', ms: 3000, nth: 2 }],
    play: async ({ simulator, slot, save }) => {
      const run = await slot();
      await until(() => simulator.requests().length >= 2);
      await run.cancel();
      await ended(run);
      await save('scheduledSync.cancelled', run.workflowId);
    },
  },
};

/** The last two runs of a workflow that continued as new. */
async function saveChain(
  name: string,
  handle: Pick<WorkflowHandle, 'workflowId' | 'fetchHistory'>,
  save: Stage['save'],
): Promise<void> {
  const { events } = await handle.fetchHistory();
  const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  if (!before) throw new GiveUp(`${handle.workflowId} did not continue as new: the server did not suggest it`);
  await save(`${name}.continues`, handle.workflowId, before);
  await save(`${name}.continued`, handle.workflowId);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(20);
}

async function startSlot({ client }: Scene, partner: string): Promise<WorkflowHandle> {
  const name = 'nightly';
  const schedule: DeclaredSchedule = {
    partner,
    name,
    cron: ['30 3 * * *'],
    timeZone: 'UTC',
    covers: 'day',
    streams: [],
    jitterMs: 0,
    overlap: 'queue',
    catchUpMs: MINUTE,
    pauseOnFailure: false,
    paused: true,
    note: null,
  };
  await applyChange(client, { kind: 'create', id: scheduleId({ partner, name }), to: schedule });
  const range = { from: new Date('2026-11-25T03:00:00Z'), to: new Date('2026-11-25T04:00:00Z') };
  await catchUpSchedule(client, { partner, name }, range);
  const handle = client.workflow.getHandle(`${scheduledRunId({ partner, name })}-2026-11-25T03:30:00Z`);
  await until(() =>
    handle.describe().then(
      () => true,
      () => false,
    ),
  );
  return handle;
}

const ended = (handle: WorkflowHandle): Promise<unknown> => handle.result().catch(() => {});

async function saveHistory(name: string, handle: WorkflowHandle): Promise<void> {
  const history = scrubHistory(JSON.parse(historyToJSON(await handle.fetchHistory())));
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(history, null, 2)}\n`);
  console.log(`${name}: ${(await handle.describe()).historyLength} events`);
}

async function record(scene: Scene, partner: string, simulator: Simulator): Promise<void> {
  const run = { partner, window: WINDOW, kind: 'manual', generation: 1 } as const;
  await recordings[partner]?.play({
    scene,
    partner,
    simulator,
    start: (streams = []) => startSync(scene.client, { ...run, streams }),
    backfill: (to, stream = 'payments') =>
      startBackfill(scene.client, {
        partner,
        stream,
        plan: { from: '2026-01-01', to, chunk: '30d', zone: null, order: 'oldest' },
        concurrency: 2,
        generation: 1,
      }),
    slot: () => startSlot(scene, partner),
    streamId: (stream) => streamSyncId({ ...run, stream }),
    save: (name, workflowId, workflowRunId) =>
      saveHistory(name, scene.client.workflow.getHandle(workflowId, workflowRunId)),
  });
}

/** As services/temporal-server.ts starts it, with one more setting. */
async function startRecordingServer(cliPath: string): Promise<{ address: string; server: ChildServer }> {
  const port = await freePort();
  const settings = { ...dynamicConfig, 'limit.historyCount.suggestContinueAsNew': SUGGEST_CONTINUE_AS_NEW };
  const server = startChildServer({
    command: cliPath,
    args: [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'],
      ...Object.entries(settings).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
      ...Object.keys(searchAttributes).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
    cwd: '/',
    stopSignal: 'SIGTERM',
    orphanSignal: 'TERM',
    onLine: () => {},
  });
  const address = `127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const connection = await Connection.connect({ address, connectTimeout: 1000 }).catch(() => undefined);
    const served = await connection?.workflowService.describeNamespace({ namespace: 'default' }).catch(() => undefined);
    await connection?.close();
    if (served !== undefined) return { address, server };
    await wait(100);
  }
  throw new GiveUp(`the Temporal server did not start: ${server.lastLines()}`);
}

const { cacheDir, pathEnv } = processConfig();
const dataDir = join(tmpdir(), `syncline-record-${process.pid}`);
const [postgres, temporal, workflowBundle] = await Promise.all([
  startPostgres({ dataDir, durable: false }),
  resolveTemporalCli({ cacheDir, pathEnv, log: console.error }).then(startRecordingServer),
  cachedWorkflowBundle({ cacheDir }),
]);
await migrate(postgres.url);
const simulators = new Map<string, Simulator>();
for (const [partner, { faults = [] }] of Object.entries(recordings).filter(
  ([name]) => only.length === 0 || only.includes(name),
))
  simulators.set(partner, await startSimulator({ seed: 11, payments: 500, customers: 200, latencyMs: 20, faults }));
const scene = await openScene({
  temporalAddress: temporal.address,
  databaseUrl: postgres.url,
  workflowBundle,
  partners: Object.fromEntries(
    [...simulators].map(([partner, { url }]) => [
      partner,
      { baseUrl: url, grant: recordings[partner]?.grant ?? { requests: 5 } },
    ]),
  ),
});
try {
  if (only.length === 0) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [partner, simulator] of simulators) await record(scene, partner, simulator);
} finally {
  await scene.close();
  for (const simulator of simulators.values()) await simulator.close();
  await temporal.server.stop();
  await postgres.stop();
}
