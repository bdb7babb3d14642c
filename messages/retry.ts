import type { GrantTimes, StreamJob } from './grant.ts';
import type { RunReport } from './sync-partner.ts';

export interface RetryOf {
  readonly runId: string;
  readonly stream: string;
}

export interface RetryPlan {
  readonly job: StreamJob;
  readonly times: GrantTimes;
}

export type RetryStream = (input: RetryOf) => Promise<RunReport>;
