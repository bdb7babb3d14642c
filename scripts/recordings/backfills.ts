import {
  askBackfill,
  cancelBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
} from '../../client/start-backfill.ts';
import { saveChain, until } from './playing.ts';
import type { Recording } from './recording.ts';

/** The past, in windows. */
export const backfills = {
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
      await until(async () => (await askBackfill(scene.client, runId))?.running.length === 0);
      await resumeBackfill(scene.client, runId);
      await reportOfBackfill(handle);
      await save('backfillStream.paused', runId, first);
    },
  },
  past_repaused: {
    faults: [{ kind: 'delay', ms: 3000, nth: 2 }],
    play: async ({ scene, simulator, backfill, save }) => {
      const { handle, runId } = await backfill('2026-03-30');
      await until(() => simulator.requests().length >= 2);
      await pauseBackfill(scene.client, runId, { now: true });
      await until(async () => (await askBackfill(scene.client, runId))?.running.length === 0);
      const first = (await handle.describe()).runId;
      // Both come with one task of the workflow.
      await scene.withoutWorkers(async () => {
        await resumeBackfill(scene.client, runId);
        await pauseBackfill(scene.client, runId, { now: false });
      });
      await until(async () => (await askBackfill(scene.client, runId))?.running.length === 0);
      await resumeBackfill(scene.client, runId);
      await reportOfBackfill(handle);
      await save('backfillStream.repaused', runId, first);
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
} as const satisfies Readonly<Record<string, Recording>>;
