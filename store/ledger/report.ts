import type { Counts } from '../../core/counts.ts';
import type { Outcome } from '../../core/names.ts';
import type { StreamReport } from '../../core/stream-report.ts';

/** Columns of stream_runs (as `r`) that make a report. bigint comes from the driver as text. */
export const reportColumns = `r.state, r.outcome, r.reason, r.fetched, r.inserted, r.updated, r.unchanged, r.stale, r.deleted,
  r.waiting, r.quarantined, r.conflicts, r.removed, r.settled, r.page_no, r.requests, r.undone_at`;

export interface ReportRow extends Record<keyof Counts, string> {
  readonly stream: string;
  readonly state: StreamReport['state'];
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly removed: string;
  readonly settled: string;
  readonly page_no: number;
  readonly requests: string;
  readonly undone_at: Date | null;
}

export function reportOf(row: ReportRow, syncId: string): StreamReport {
  return {
    stream: row.stream,
    syncId,
    state: row.state,
    outcome: row.outcome,
    reason: row.reason,
    counts: {
      fetched: Number(row.fetched),
      inserted: Number(row.inserted),
      updated: Number(row.updated),
      unchanged: Number(row.unchanged),
      stale: Number(row.stale),
      deleted: Number(row.deleted),
      waiting: Number(row.waiting),
      quarantined: Number(row.quarantined),
      conflicts: Number(row.conflicts),
    },
    removed: Number(row.removed),
    ...(row.settled === '0' ? {} : { settled: Number(row.settled) }),
    pages: row.page_no,
    requests: Number(row.requests),
    ...(row.undone_at === null ? {} : { undone: row.undone_at.toISOString() }),
  };
}
