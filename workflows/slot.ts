import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** The time it was meant for, whenever it was started: Temporal writes it into the search attributes and the id. */
export function slotMs(): number {
  const { searchAttributes, workflowId } = workflowInfo();
  const [slot] = searchAttributes['TemporalScheduledStartTime'] ?? [];
  const ms = slot instanceof Date ? slot.getTime() : Date.parse(/\d{4}-\d\d-\d\dT[\d:]+Z$/.exec(workflowId)?.[0] ?? '');
  if (Number.isNaN(ms))
    throw ApplicationFailure.nonRetryable(
      `${workflowId} was not started by a schedule: use \`syncline schedule trigger\``,
      'InvalidInput',
    );
  return ms;
}
