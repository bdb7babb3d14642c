import type { Client } from '@temporalio/client';

/** Events of some workflows' histories, all runs of a continue-as-new chain, and the seconds their activities took. */
export async function historyOf(
  client: Client,
  workflowIds: readonly string[],
): Promise<{ events: number; activitySeconds: number }> {
  let events = 0;
  let activitySeconds = 0;
  for (const workflowId of workflowIds) {
    for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const { events: history = [] } = await client.workflow.getHandle(workflowId, run.runId).fetchHistory();
      events += history?.length ?? 0;
      const startedAt = new Map<string, number>();
      for (const event of history ?? []) {
        const time = Number(event.eventTime?.seconds ?? 0) + (event.eventTime?.nanos ?? 0) / 1e9;
        if (event.activityTaskStartedEventAttributes !== undefined && event.activityTaskStartedEventAttributes !== null)
          startedAt.set(JSON.stringify(event.eventId), time);
        const ended = event.activityTaskCompletedEventAttributes;
        if (ended !== undefined && ended !== null)
          activitySeconds += time - (startedAt.get(JSON.stringify(ended.startedEventId)) ?? time);
      }
    }
  }
  return { events, activitySeconds };
}
