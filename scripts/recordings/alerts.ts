import { startAlerts, startDelivery } from '../../client/start-alerts.ts';
import { plainNames } from '../../messages/names.ts';
import { ended, until } from './playing.ts';
import type { Recording } from './recording.ts';

/** Looks for what is wrong, until it continues as new, and one message. */
export const alerts = {
  alerted: {
    play: async ({ scene: { client }, save }) => {
      await startAlerts(client, { names: plainNames, everyMs: 200 });
      const watch = client.workflow.getHandle(plainNames.alertsId);
      const { runId } = await watch.describe();
      await until(async () => (await watch.describe()).runId !== runId);
      await watch.terminate();
      await save('watchAlerts.continues', plainNames.alertsId, runId);
      await startDelivery(client, { names: plainNames, delivery: 1, channel: 'team' });
      await ended(client.workflow.getHandle(plainNames.alertDeliveryId(1)));
      await save('deliverAlert.ok', plainNames.alertDeliveryId(1));
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
