import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wakeLooks } from '../../client/governor.ts';
import { cancelReconcile, startReconcile, startRepair, type StartedReconcile } from '../../client/start-reconcile.ts';
import { plainNames } from '../../messages/names.ts';
import type { ReconcileInput } from '../../messages/reconcile.ts';
import type { WorkflowHandle } from '@temporalio/client';
import type { ReconcileSchedule } from '../../core/schedule.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { openLooks } from '../../store/reconcile/open-looks.ts';
import { ended, timed, until } from './playing.ts';
import type { Recording, Stage } from './recording.ts';
import { startSlotOf, timesOf } from './slots.ts';

const reconcile = ({ scene, partner }: Stage, label: string, input: Partial<ReconcileInput> = {}) =>
  startReconcile(scene.client, plainNames, {
    partner,
    stream: 'payments',
    level: 'content',
    range: null,
    sample: null,
    label,
    ...input,
  });

/** Three records are asked for, after a sync, and most have changed. */
async function sampled(stage: Stage, label: string): Promise<StartedReconcile> {
  const definition = join(stage.scene.partnersDir, `${stage.partner}.yaml`);
  const before = JSON.parse(await readFile(definition, 'utf8')) as object;
  const route = { stream: 'payments', as: 'hint', key: 'id', fetch: { path: '/v1/payments/{id}' } };
  const webhooks = { changes: { preset: 'github', secrets: [{ value: 'recorded' }], routes: [route] } };
  await writeFile(definition, JSON.stringify({ ...before, webhooks }));
  await reportOfSync((await stage.start(['payments'])).handle);
  stage.simulator.mutate({ change: 400, at: '2026-11-01T00:00:00Z' });
  return reconcile(stage, label, { sample: 3 });
}

/** Partners that are compared with the store. */
export const reconciles = {
  reconciled: {
    play: async (stage) => {
      await reportOfSync((await stage.start()).handle);
      const clean = await reconcile(stage, 'clean');
      await clean.handle.result();
      await stage.save('reconcileStream.clean', clean.id);
      stage.simulator.mutate({ change: 2, add: 1, remove: 1, at: '2026-11-01T00:00:00Z' });
      const differs = await reconcile(stage, 'differs');
      await differs.handle.result();
      await stage.save('reconcileStream.differs', differs.id);
      const repair = await startRepair(stage.scene.client, plainNames, {
        partner: stage.partner,
        stream: 'payments',
        reconciliation: differs.id,
        kinds: ['missing', 'stale', 'different'],
        by: 'recorded',
      });
      await repair.handle.result();
      await stage.save('repairStream.ok', repair.repairId);
      // Its records do not say when they changed: only a sync tells what is on its way.
      stage.simulator.mutate({ stream: 'customers', add: 1 });
      const synced = await reconcile(stage, 'synced', { stream: 'customers' });
      await synced.handle.result();
      await stage.save('reconcileStream.synced', synced.id);
    },
  },
  reconcile_slots: {
    play: async (stage) => {
      const { scene, partner, save } = stage;
      const slot = async (name: string, more: Partial<ReconcileSchedule>): Promise<WorkflowHandle> => {
        const run = await startSlotOf(scene.client, {
          ...timesOf(partner, name),
          kind: 'reconcile',
          streams: ['payments'],
          level: 'content',
          lastMs: null,
          sample: null,
          repair: [],
          ...more,
        });
        await ended(run);
        return run;
      };
      await save('scheduledReconcile.failed', (await slot('early', {})).workflowId);
      await reportOfSync((await stage.start()).handle);
      await save('scheduledReconcile.ok', (await slot('all', { streams: [] })).workflowId);
      stage.simulator.mutate({ add: 1, remove: 1, at: '2026-11-01T00:00:00Z' });
      await save('scheduledReconcile.repaired', (await slot('repairs', { repair: ['missing', 'stale'] })).workflowId);
    },
  },
  reconcile_asked: {
    play: async (stage) => {
      const asked = await sampled(stage, 'asked');
      await asked.handle.result();
      await stage.save('reconcileStream.asked', asked.id);
    },
  },
  /** Told to go on before the partner lets it, so that it waits once more. */
  reconcile_told: {
    faults: [{ kind: 'throttle', nth: 12, seconds: 12 }],
    play: async (stage) => {
      const { scene, partner } = stage;
      const { id, handle } = await sampled(stage, 'told');
      await timed(scene.client.workflow.getHandle(id), 1);
      await wakeLooks(scene.client, await openLooks(scene.pool, partner));
      await handle.result();
      await stage.save('reconcileStream.told', id);
    },
  },
  reconcile_cancelled: {
    faults: [{ kind: 'delay', ms: 3000, nth: 12 }],
    play: async (stage) => {
      await reportOfSync((await stage.start(['payments'])).handle);
      const before = stage.simulator.requests().length;
      const { id, handle } = await reconcile(stage, 'cancelled');
      await until(() => stage.simulator.requests().length > before);
      await cancelReconcile(stage.scene.client, id);
      await ended(handle);
      await stage.save('reconcileStream.cancelled', id);
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
