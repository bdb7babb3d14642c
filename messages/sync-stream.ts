import type { GrantTimes, StreamJob } from './grant.ts';
import type { StreamReport } from './stream-report.ts';

export interface SyncStreamInput extends StreamJob {
  readonly times: GrantTimes;
  /** What runs before this one, continued as new, have done. */
  readonly soFar: StreamProgress;
}

export interface StreamProgress {
  readonly grants: number;
  readonly pages: number;
  readonly rows: number;
  readonly requests: number;
  /** Grants in a row that ended on the partner's limit without a page. */
  readonly idleGrants: number;
  /** The partner was at work for it: what it does is ended when the run is cancelled. */
  readonly ordered?: boolean;
}

export const noProgress: StreamProgress = { grants: 0, pages: 0, rows: 0, requests: 0, idleGrants: 0 };

export type SyncStream = (input: SyncStreamInput) => Promise<StreamReport>;
