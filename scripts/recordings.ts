import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import {
  askBackfill,
  cancelBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
  type StartedBackfill,
} from '../client/start-backfill.ts';
import { askGovernor, tellGovernor, wakeStreams } from '../client/governor.ts';
import { exportByWorker } from '../client/export-target.ts';
import { cancelWorkflow, showPauses } from '../client/control.ts';
import { tellTarget } from '../client/tell-target.ts';
import { startRebuild } from '../client/start-rebuild.ts';
import { startRetry } from '../client/start-retry.ts';
import { reportOfSync, type startSync } from '../client/start-sync.ts';
import { GiveUp } from '../core/errors.ts';
import { plainNames } from '../messages/names.ts';
import { retryId } from '../messages/retry-ids.ts';
import type { Simulator } from '../simulator/start.ts';
import type { FaultInput } from '../simulator/fault.ts';
import { WINDOW, type Scene } from '../test/workflows/scene.ts';
import { pauseTarget, readTargetState, resumeTarget } from '../store/target-states.ts';
import { openStreamRuns } from '../store/ledger/open-runs.ts';
import { endPauses, orderPause } from '../store/pauses.ts';

/** A partner of this name, and what is done with it. */
export interface Recording {
  readonly faults?: readonly FaultInput[];
  readonly grant?: { readonly requests: number };
  readonly targets?: readonly string[];
  /** Ends when all that is to be recorded has ended. */
  readonly play: (stage: Stage) => Promise<void>;
}

export interface Stage {
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

/** Every workflow in the states it can be in. */
export const recordings: Readonly<Record<string, Recording>> = {
  ok: {
    play: async ({ start, streamId, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      await save('syncPartner.ok', runId);
      await save('syncStream.ok', streamId('payments'));
    },
  },
  exported: {
    targets: ['lake'],
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      // Ends a minute after the last commit.
      const applying = plainNames.targetId({ target: 'lake', partner, stream: 'payments' });
      await scene.client.workflow.getHandle(applying).result();
      await save('applyTarget.ok', applying);
      await exportByWorker(scene.client, plainNames, { target: 'lake', folder: join(scene.partnersDir, 'exported') });
      await save('exportTarget.ok', plainNames.exportId('lake'));
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
      while ((await askGovernor(scene.client, { names: plainNames, partner }))?.runs.length !== 0) await wait(50);
      await save('syncPartner.governed', runId);
      await save('syncStream.governed', streamId('payments'));
      await save('governPartner.paused', plainNames.governorId(partner));
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
      await tellGovernor(scene.client, { names: plainNames, partner, signal: 'refresh', news: null, times });
      await scene.client.workflow.getHandle(plainNames.governorId(partner)).result();
      await save('governPartner.quiet', plainNames.governorId(partner));
    },
  },
  busy: {
    play: async ({ scene, partner, save }) => {
      const workflowId = plainNames.governorId(partner);
      const times = { lookMs: 100, pausedLookMs: 100, quietMs: 300 };
      // Any workflow that goes on is work: here itself.
      const news = { runId: workflowId, state: 'begun' } as const;
      await tellGovernor(scene.client, { names: plainNames, partner, signal: 'work', news, times });
      const first = (await scene.client.workflow.getHandle(workflowId).describe()).runId;
      while ((await scene.client.workflow.getHandle(workflowId).describe()).runId === first) await wait(50);
      await save('governPartner.continues', workflowId, first);
      await tellGovernor(scene.client, {
        names: plainNames,
        partner,
        signal: 'work',
        news: { ...news, state: 'ended' },
      });
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
      await reportOfSync(await startRetry(scene.client, { names: plainNames, ...retry }));
      await save('retryStream.ok', retryId(runId, 'payments'));
    },
  },
  retried_in_vain: {
    faults: [{ kind: 'status', status: 400, stream: 'payments' }],
    play: async ({ scene, partner, start, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      const retry = { runId, partner, stream: 'payments', window: WINDOW, kind: 'manual' } as const;
      await reportOfSync(await startRetry(scene.client, { names: plainNames, ...retry }));
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
  rebuilt: {
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      await writeTo(scene, partner, 'beach', { type: 'duckdb', path: 'beach.duckdb' });
      const place = { target: 'beach', partner, stream: 'payments', acceptUnfit: false };
      await tellTarget(scene.client, { names: plainNames, ...place });
      await until(async () => (await readTargetState(scene.pool, place))?.behindSince === null);
      for (const [action, end] of [
        ['rebuild', 'ok'],
        ['rollback', 'refused'],
      ] as const) {
        const handle = await startRebuild(scene.client, plainNames, { ...place, action });
        await handle.result();
        await save(`rebuildTarget.${end}`, handle.workflowId);
      }
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
  lands: {
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const place = { target: 'lake', partner, stream: 'payments' };
      await writeTo(scene, partner, 'lake', { type: 'duckdb', path: 'lake.duckdb', every: '300ms' });
      const told = { names: plainNames, ...place, times: { quietMs: 2000 } };
      const handle = scene.client.workflow.getHandle(plainNames.targetId(place));
      await tellTarget(scene.client, told);
      // Caught up, it waits for more; what it is told of then is gathered for the next load.
      await timed(handle, 1);
      await tellTarget(scene.client, told);
      await handle.result();
      await save('applyTarget.ok', handle.workflowId);

      await pauseTarget(scene.pool, { target: 'lake', reason: 'recorded', by: 'recorder' });
      await tellTarget(scene.client, told);
      await handle.result();
      await save('applyTarget.paused', handle.workflowId);
      await resumeTarget(scene.pool, 'lake');

      await tellTarget(scene.client, told);
      const first = (await handle.describe()).runId;
      while ((await handle.describe()).runId === first) {
        await tellTarget(scene.client, told);
        await wait(200);
      }
      await handle.result();
      await saveChain('applyTarget', handle, save);
    },
  },
  lands_nowhere: {
    play: async ({ scene, partner, save }) => {
      const place = { target: 'pond', partner, stream: 'nothing' };
      await writeTo(scene, partner, 'pond', { type: 'duckdb', path: 'pond.duckdb' });
      const told = { names: plainNames, ...place };
      const handle = scene.client.workflow.getHandle(plainNames.targetId(place));
      await tellTarget(scene.client, told);
      await timed(handle, 1);
      await tellTarget(scene.client, { ...told, signal: 'goOn' });
      await timed(handle, 2);
      await handle.cancel();
      await ended(handle);
      await save('applyTarget.attention', handle.workflowId);
    },
  },
  lands_later: {
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const place = { target: 'away', partner, stream: 'payments' };
      await writeTo(scene, partner, 'away', { type: 'postgres', url: 'postgres://127.0.0.1:1/away' });
      await tellTarget(scene.client, { names: plainNames, ...place });
      await tried(scene, plainNames.targetId(place), 2);
      const handle = scene.client.workflow.getHandle(plainNames.targetId(place));
      await handle.cancel();
      await ended(handle);
      await save('applyTarget.cancelled', handle.workflowId);
    },
  },
};

/** From now on the partner's streams are written to a target of its own. */
async function writeTo(scene: Scene, partner: string, target: string, declared: object): Promise<void> {
  const known = await readFile(join(scene.partnersDir, 'targets.yaml'), 'utf8').then(
    (text) => (JSON.parse(text) as { targets: object }).targets,
    () => ({}),
  );
  const file = join(scene.partnersDir, 'targets.yaml');
  await writeFile(file, JSON.stringify({ targets: { ...known, [target]: declared } }));
  const definition = join(scene.partnersDir, `${partner}.yaml`);
  const before = JSON.parse(await readFile(definition, 'utf8')) as object;
  await writeFile(definition, JSON.stringify({ ...before, targets: [target] }));
}

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

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(20);
}

const ended = (handle: WorkflowHandle): Promise<unknown> => handle.result().catch(() => {});

/** Until a workflow has begun to wait so often. */
async function timed(handle: Pick<WorkflowHandle, 'fetchHistory'>, times: number): Promise<void> {
  await until(async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).filter((event) => event.timerStartedEventAttributes != null).length === times;
  });
}

/** Until an activity of a workflow was tried so often. */
async function tried(scene: Scene, workflowId: string, attempts: number): Promise<void> {
  const { workflowService } = scene.client;
  await until(async () => {
    const found = await workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } });
    return (found.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) >= attempts);
  });
}
