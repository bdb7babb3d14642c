import type { Client } from '@temporalio/client';
import { MINUTE } from '../core/duration.ts';
import type { Names } from '../messages/names.ts';
import type { DeliverAlert, DeliverAlertInput, WatchAlerts } from '../messages/watch-alerts.ts';

export const ALERTS_EVERY_MS = MINUTE;

/** Has alerts looked for; does nothing where that is under way. */
export async function startAlerts(
  client: Client,
  { names, everyMs = ALERTS_EVERY_MS }: { readonly names: Names; readonly everyMs?: number },
): Promise<void> {
  await client.workflow.start<WatchAlerts>('watchAlerts', {
    workflowId: names.alertsId,
    taskQueue: names.workflowQueue,
    args: [{ everyMs }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'looks for what is wrong, and has people told',
  });
}

/** Has a message delivered; does nothing where that is under way. */
export async function startDelivery(
  client: Client,
  { names, ...input }: DeliverAlertInput & { readonly names: Names },
): Promise<void> {
  await client.workflow.start<DeliverAlert>('deliverAlert', {
    workflowId: names.alertDeliveryId(input.delivery),
    taskQueue: names.workflowQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `alert for the channel ${input.channel}`,
  });
}
