import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { cancelWorkflow, showPauses } from '../../client/control.ts';
import { wakeStreams } from '../../client/governor.ts';
import { startRetry } from '../../client/start-retry.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import { retryId } from '../../messages/retry-ids.ts';
import { decideApproval, readApprovals } from '../../store/approvals.ts';
import { openStreamRuns } from '../../store/ledger/open-runs.ts';
import { endPauses, orderPause } from '../../store/pauses.ts';
import { ordersSchema } from '../../test/support/define-stream.ts';
import { jobPartner } from '../../test/support/job-partner.ts';
import { serveAnswers } from '../../test/support/serve-answers.ts';
import { WINDOW } from '../../test/workflows/scene.ts';
import { saveChain, timed, until } from './playing.ts';
import type { Recording } from './recording.ts';

const rowsOf = (rest: object): object[] => ['a', 'b'].map((id) => ({ id, ...rest }));

/** Each delete in it waits for a person. */
const deletedByField = {
  path: '/',
  primaryKey: ['id'],
  version: ['v'],
  records: 'data',
  schema: ordersSchema,
  pagination: { type: 'token', token: 'next', as: 'after' },
  deletes: { field: 'deleted_at', hold: { count: 0, share: 0 } },
};

/** Runs of partners and streams, and one stream once more. */
export const syncs = {
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
  /** The partner is at work on an export job when its run is cancelled. */
  abandoned: {
    play: async ({ scene, partner, start, streamId, save }) => {
      const jobs = jobPartner({ polls: 1000 });
      const server = await serveAnswers(jobs.answer);
      const job = {
        create: { path: '/jobs', body: {}, id: 'job.id' },
        poll: { path: '/jobs/{job}', status: 'state', done: ['done'], every: '200ms' },
        files: 'files.*.url',
        cancel: { path: '/jobs/{job}' },
      };
      const payments = { primaryKey: ['id'], version: ['v'], records: 'data', schema: ordersSchema, job };
      const definition = { name: partner, baseUrl: server.url, streams: { payments } };
      await writeFile(join(scene.partnersDir, `${partner}.yaml`), JSON.stringify(definition));
      const { handle } = await start(['payments']);
      await until(() => (jobs.counts['poll'] ?? 0) >= 3);
      await handle.cancel();
      await reportOfSync(handle);
      server.close();
      await save('syncStream.abandoned', streamId('payments'));
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
  paused: {
    faults: [{ kind: 'delay', ms: 1000, stream: 'payments', nth: 3 }],
    play: async ({ scene, partner, simulator, start, streamId, save }) => {
      const { handle } = await start(['payments']);
      await until(() => simulator.requests().length === 3);
      const pause = { scope: 'partner', target: partner, partner, reason: 'recorded', by: 'recorder' } as const;
      await orderPause(scene.pool, { ...pause, atOnce: false });
      await until(async () => (await openStreamRuns(scene.pool, { partner })).every(({ kind }) => kind === 'paused'));
      await timed(scene.client.workflow.getHandle(streamId('payments')), 1);
      await endPauses(scene.pool, { targets: [pause], by: 'recorder', reason: 'over' });
      await wakeStreams(scene.client, [streamId('payments')]);
      await reportOfSync(handle);
      await save('syncStream.paused', streamId('payments'));
    },
  },
  /** Cancelled between the end of a grant and the next task of a workflow that is to continue as new. */
  stopped_late: {
    faults: [{ kind: 'delay', ms: 3000, stream: 'payments', nth: 7 }],
    grant: { requests: 1 },
    play: async ({ scene, simulator, start, streamId, save }) => {
      const { handle } = await start(['payments']);
      await until(() => simulator.requests().length === 7);
      const stream = scene.client.workflow.getHandle(streamId('payments'));
      const { runId } = await stream.describe();
      // The page ends the grant, and no worker is left to tell the workflow.
      await scene.withoutWorkers(async () => void (await stream.cancel()));
      await reportOfSync(handle);
      await save('syncStream.stopped', stream.workflowId, runId);
    },
  },
  /** A wave of deletes waits for a person. */
  held: {
    play: async ({ scene, partner, start, streamId, save }) => {
      const server = await serveAnswers(async (url) => {
        if (!url.searchParams.has('after')) return { body: { data: rowsOf({ v: 1 }), next: '2' } };
        // What has not landed yet cannot be deleted.
        await until(async () => (await scene.pool.query('select from pages where fetched = 2')).rowCount !== 0);
        return { body: { data: rowsOf({ v: 2, deleted_at: 'now' }), next: null } };
      });
      const definition = { name: partner, baseUrl: server.url, streams: { payments: deletedByField } };
      await writeFile(join(scene.partnersDir, `${partner}.yaml`), JSON.stringify(definition));
      const { handle } = await start(['payments']);
      const asked = () => readApprovals(scene.pool, { partner });
      await until(async () => (await asked()).length > 0);
      await timed(scene.client.workflow.getHandle(streamId('payments')), 1);
      const [approval] = await asked();
      await decideApproval(scene.pool, {
        id: approval?.id ?? 0,
        state: 'approved',
        by: 'recorder',
        reason: 'recorded',
      });
      await wakeStreams(scene.client, [streamId('payments')]);
      await reportOfSync(handle);
      server.close();
      await save('syncStream.held', streamId('payments'));
    },
  },
  answered: {
    play: async ({ scene, partner, start, streamId, save }) => {
      const locker = await scene.pool.connect();
      const server = await serveAnswers(async (url) => {
        if (!url.searchParams.has('after')) return { body: { data: rowsOf({ v: 1 }), next: '2' } };
        await until(async () => (await scene.pool.query('select from pages where fetched = 2')).rowCount !== 0);
        // Its grant has begun, and cannot end before it is answered.
        await locker.query('begin; lock table grants in exclusive mode');
        return { body: { data: rowsOf({ v: 2, deleted_at: 'now' }), next: null } };
      });
      await writeFile(
        join(scene.partnersDir, `${partner}.yaml`),
        JSON.stringify({ name: partner, baseUrl: server.url, streams: { payments: deletedByField } }),
      );
      const { handle } = await start(['payments']);
      const asked = () => readApprovals(scene.pool, { partner });
      await until(async () => (await asked()).length > 0);
      const id = (await asked())[0]?.id ?? 0;
      await decideApproval(scene.pool, { id, state: 'approved', by: 'recorder', reason: 'recorded' });
      await wakeStreams(scene.client, [streamId('payments')]);
      await locker.query('commit');
      locker.release();
      await reportOfSync(handle);
      server.close();
      await save('syncStream.answered', streamId('payments'));
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
} as const satisfies Readonly<Record<string, Recording>>;
