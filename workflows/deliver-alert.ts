import { proxyActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import type { AlertDelivered, DeliverAlertInput } from '../messages/watch-alerts.ts';

/** A channel that is dead is tried for as long as its message counts (activities/alerts/deliver.ts); each attempt is a short one. */
const { deliverAlert: deliver } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
});

/** Tells one channel of one group of alerts. */
export async function deliverAlert({ delivery, channel }: DeliverAlertInput): Promise<AlertDelivered> {
  return deliver.executeWithOptions({ summary: channel }, [{ delivery, channel }]);
}
