import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { exportByWorker } from '../../client/export-target.ts';
import { startCompare } from '../../client/start-compare.ts';
import { startPrune } from '../../client/start-prune.ts';
import { startRebuild } from '../../client/start-rebuild.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { tellTarget } from '../../client/tell-target.ts';
import { plainNames } from '../../messages/names.ts';
import { pauseTarget, readTargetState, resumeTarget } from '../../store/target-states.ts';
import type { Scene } from '../../test/workflows/scene.ts';
import { ended, saveChain, timed, until } from './playing.ts';
import type { Recording } from './recording.ts';
import { startSlotOf, timesOf } from './slots.ts';

/** Loads into targets, and what is done with their tables. */
export const targets = {
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
  pruned: {
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const handle = await startPrune(scene.client, {
        names: plainNames,
        partner,
        streams: ['payments'],
        day: '2026-11-24',
      });
      await handle?.result();
      await save('prunePartner.ok', plainNames.pruneId({ partner, day: '2026-11-24' }));
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
  compared: {
    targets: ['lake'],
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const place = { target: 'lake', partner, stream: 'payments' };
      const compare = async (): Promise<void> => {
        const handle = await startCompare(scene.client, plainNames, place);
        const report = await handle.result();
        await save(`compareTarget.${report.state === 'done' ? report.verdict : report.state}`, handle.workflowId);
      };
      await until(async () => (await readTargetState(scene.pool, place))?.behindSince === null);
      await compare();
      // The rows that differ are looked at in a second step.
      await scene.pool.query(
        `update ${partner}.payments set _deleted_at = now() where id = (select min(id) from ${partner}.payments)`,
      );
      await compare();
      await writeTo(scene, partner, 'nowhere', { type: 'postgres', url: 'postgres://127.0.0.1:1/away' });
      const handle = await startCompare(scene.client, plainNames, { ...place, target: 'nowhere' });
      await tried(scene, handle.workflowId, 2);
      await handle.cancel();
      await ended(handle);
      await save('compareTarget.cancelled', handle.workflowId);
    },
  },
  compared_each_night: {
    targets: ['lake'],
    play: async ({ scene, partner, start, save }) => {
      await reportOfSync((await start(['payments'])).handle);
      const place = { target: 'lake', partner, stream: 'payments' };
      await until(async () => (await readTargetState(scene.pool, place))?.behindSince === null);
      const slot = async (end: string): Promise<void> => {
        const run = await startSlotOf(scene.client, { ...timesOf('targets', 'lake'), kind: 'compare' });
        await ended(run);
        await save(`scheduledCompare.${end}`, run.workflowId);
      };
      await slot('ok');
      await scene.pool.query(
        `update ${partner}.payments set _deleted_at = now() where id = (select min(id) from ${partner}.payments)`,
      );
      await slot('partial');
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
      const locker = await scene.pool.connect();
      await locker.query('begin; lock table target_pauses');
      await tellTarget(scene.client, told);
      await until(async () => (await scene.pool.query('select from pg_locks where not granted')).rowCount !== 0);
      // Whoever ends the pause says so while a load looks at it.
      await tellTarget(scene.client, { ...told, signal: 'goOn' });
      await locker.query('commit');
      locker.release();
      await handle.result();
      await save('applyTarget.resumed', handle.workflowId);
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
} as const satisfies Readonly<Record<string, Recording>>;

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

/** Until an activity of a workflow was tried so often. */
async function tried(scene: Scene, workflowId: string, attempts: number): Promise<void> {
  const { workflowService } = scene.client;
  await until(async () => {
    const found = await workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } });
    return (found.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) >= attempts);
  });
}
