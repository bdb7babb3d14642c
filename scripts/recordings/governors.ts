import { askGovernor, tellGovernor } from '../../client/governor.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import { until } from './playing.ts';
import type { Recording } from './recording.ts';

/** What slows a partner down, and what watches it. */
export const governors = {
  governed: {
    faults: [{ kind: 'throttle', stream: 'payments', nth: 3, seconds: 12 }],
    play: async ({ scene, partner, start, streamId, save }) => {
      const { handle, runId } = await start();
      await reportOfSync(handle);
      // The queue has been set back, and the run has said that it has ended.
      await until(async () => (await askGovernor(scene.client, { names: plainNames, partner }))?.runs.length === 0);
      await save('syncPartner.governed', runId);
      await save('syncStream.governed', streamId('payments'));
      await save('governPartner.paused', plainNames.governorId(partner));
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
      await until(async () => (await scene.client.workflow.getHandle(workflowId).describe()).runId !== first);
      await save('governPartner.continues', workflowId, first);
      await tellGovernor(scene.client, {
        names: plainNames,
        partner,
        signal: 'work',
        news: { ...news, state: 'ended' },
      });
      await until(async () => (await askGovernor(scene.client, { names: plainNames, partner }))?.runs.length === 0);
      await save('governPartner.continued', workflowId);
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
