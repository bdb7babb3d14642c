import { ended, until } from './playing.ts';
import type { Recording } from './recording.ts';

/** Slots of a schedule. */
export const nights = {
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
} as const satisfies Readonly<Record<string, Recording>>;
