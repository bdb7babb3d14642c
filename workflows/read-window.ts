import { CancellationScope, ChildWorkflowFailure } from '@temporalio/workflow';
import { control } from './control.ts';
import type { EndedWindow } from '../core/backfill-tally.ts';
import type { GrantTimes } from '../messages/grant.ts';
import type { WindowToRead } from '../messages/next-windows.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import { runStream } from './run-stream.ts';
import { startOrJoin } from './start-or-join.ts';

const { streamReport, failStream } = control({ startToCloseTimeout: '1 minute' });

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
  const [kind, lane] = ['backfill', 'backfill'] as const;
  const { partner, stream, runId, times } = of;
  try {
    const report = await startOrJoin({
      start: () => runStream({ partner, stream, syncId, runId, window, kind, lane, times }),
      done: async () => {
        const report = await streamReport({ syncId });
        return report?.state === 'done' ? report : null;
      },
      waiting: `${window} is read elsewhere already`,
    });
    return known(report);
  } catch (error) {
    if (CancellationScope.current().consideredCancelled || !(error instanceof ChildWorkflowFailure)) throw error;
    return failed(of, syncId, error);
  }
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
