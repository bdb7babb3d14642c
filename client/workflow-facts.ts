import { type Client, isGrpcServiceError } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { WorkflowFacts } from '../core/explain-wait.ts';

/** Of temporal.api.enums.v1; the enums are not exported to ESM. */
const RUNNING = 1;
const STARTED = 2;
const CANCEL_REQUESTED = 3;
const PAUSED = 4;
const NOT_FOUND = 5;

/** What a stream's workflow is doing: the grant it asked for, its attempts and its last failure. */
export async function workflowFacts(client: Client, workflowId: string): Promise<WorkflowFacts> {
  try {
    const { workflowExecutionInfo, pendingActivities } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId },
    });
    const grant = (pendingActivities ?? []).find(({ activityType }) => activityType?.name === 'pullStream');
    return {
      state: Number(workflowExecutionInfo?.status) === RUNNING ? 'running' : 'closed',
      grant:
        grant === undefined
          ? null
          : {
              state: stateOf(Number(grant.state)),
              attempt: grant.attempt ?? 1,
              lastFailure: await messageOf(client, grant.lastFailure),
              nextAttemptAt: isoOf(grant.nextAttemptScheduleTime),
              lastSignAt: isoOf(grant.lastHeartbeatTime ?? grant.lastStartedTime),
              worker: grant.lastWorkerIdentity || null,
            },
    };
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code === NOT_FOUND) return { state: 'absent', grant: null };
    throw error;
  }
}

type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

/** Whoever lacks the key still learns all the rest. */
const messageOf = (client: Client, failure: Failure): Promise<string | null> =>
  decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, failure).then(
    (error) => error?.message ?? null,
    () => 'a failure that is sealed with a key which SYNCLINE_PAYLOAD_KEYS lacks here',
  );

const stateOf = (state: number): NonNullable<WorkflowFacts['grant']>['state'] =>
  state === STARTED || state === CANCEL_REQUESTED ? 'started' : state >= PAUSED ? 'paused' : 'scheduled';

type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined;

const isoOf = (time: Timestamp): string | null =>
  time == null ? null : new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6).toISOString();
