import type { CallLog, CallOwner } from '../../core/call.ts';
import type { NotedCalls } from './note-call.ts';

/** What a request's dependencies say of the call log; nothing where there is none. */
export const callsBy = (
  log: CallLog | undefined,
  { syncId, runId, workflowRunId, attempt }: CallOwner,
): { readonly calls?: NotedCalls } =>
  log === undefined ? {} : { calls: { log, owner: { syncId, runId, workflowRunId, attempt } } };
