import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WindowToRead } from '../activities/backfill.ts';
import type { GrantTimes } from '../activities/control.ts';
import type { ControlActivities } from '../activities/index.ts';
import type { EndedWindow } from '../core/backfill-tally.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { lanePriority } from '../core/names.ts';
import type { StreamReport } from '../warehouse/warehouse.ts';
import { searchAttributesOf } from './attributes.ts';
import { noProgress } from './messages.ts';
import { syncStream } from './sync-stream.ts';

const { streamReport, failStream } = proxyActivities<ControlActivities>({ startToCloseTimeout: '1 minute' });

export interface WindowOf {
  readonly partner: string;
  readonly stream: string;
  /** The backfill's. */
  readonly runId: string;
  readonly times: GrantTimes;
}

/** Reads one window as a child, or waits for whoever reads it already. Throws only when its scope is cancelled. */
export async function readWindow(of: WindowOf, toRead: WindowToRead): Promise<EndedWindow> {
  const begunAtMs = Date.now();
  const report = await read(of, toRead);
  return {
    window: toRead.window,
    outcome: report.outcome ?? 'failed',
    reason: report.reason,
    rows: report.rows,
    requests: report.requests,
    tookMs: Date.now() - begunAtMs,
  };
}

type Read = Pick<EndedWindow, 'reason' | 'rows' | 'requests'> & { readonly outcome: EndedWindow['outcome'] | null };

async function read(of: WindowOf, toRead: WindowToRead): Promise<Read> {
  const { window, syncId } = toRead;
  for (let waitMs = SECOND; ; waitMs = Math.min(2 * waitMs, MINUTE)) {
    try {
      return known(await startChild(of, toRead));
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return failed(of, syncId, error);
    }
    const report = await streamReport({ syncId });
    if (report?.state === 'done') return known(report);
    await sleep(waitMs, { summary: `${window} is read elsewhere already` });
  }
}

function startChild(of: WindowOf, { window, syncId }: WindowToRead): Promise<StreamReport> {
  const { partner, stream, runId, times } = of;
  const [kind, lane] = ['backfill', 'backfill'] as const;
  return executeChild(syncStream, {
    workflowId: syncId,
    args: [{ partner, stream, syncId, runId, window, kind, lane, times, soFar: noProgress }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    priority: { priorityKey: lanePriority[lane] },
    typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
    staticSummary: `${partner} ${stream} ${window}`,
  });
}

const known = ({ outcome, reason, counts, requests }: StreamReport): Read => ({
  outcome,
  reason,
  rows: counts.fetched,
  requests,
});

/** Its own words are in the ledger, unless it was ended from outside (terminated) and could say nothing. */
async function failed({ stream }: WindowOf, syncId: string, error: unknown): Promise<Read> {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause ?? error);
  const report = await streamReport({ syncId });
  if (report !== null && report.state !== 'running') return known(report);
  const ended = await failStream({ syncId, stream, reason });
  return ended === null ? { outcome: 'failed', reason, rows: 0, requests: 0 } : known(ended);
}
