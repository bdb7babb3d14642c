import type { GrantTimes } from '../activities/control.ts';
import type { StreamJob } from '../activities/pull/grant.ts';
import { DAY, MINUTE } from '../core/duration.ts';
import type { LimitsView, QueueView, Wait } from '../core/limits-view.ts';
import type { Kind } from '../core/names.ts';

export interface SyncPartnerInput {
  readonly partner: string;
  /** Empty: all of the definition. */
  readonly streams: readonly string[];
  /** `2026-11-24`, or a range: see core/window.ts. */
  readonly window: string;
  readonly kind: Kind;
  readonly generation: number;
}

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
}

export const noProgress: StreamProgress = { grants: 0, pages: 0, rows: 0, requests: 0, idleGrants: 0 };

/** Why a cancelled run has ended: it is no loss. */
export const CANCELLED = 'cancelled; start it again to go on from where it stands';

/** What the governor is told: by signals of these names. */
export interface GovernorNews {
  /** A stream waits for a limit that long. */
  readonly throttled: Wait;
  /** A run begins or has ended. */
  readonly work: { readonly runId: string; readonly state: 'begun' | 'ended' };
  /** People have changed something: look now. */
  readonly refresh: null;
}

export interface GovernPartnerInput {
  readonly partner: string;
  readonly times: GovernorTimes;
  /** Runs that were under way when this one continued as new. */
  readonly runs: readonly string[];
}

/** ms. */
export interface GovernorTimes {
  /** Between two looks while work goes on. */
  readonly lookMs: number;
  /** While the queue is paused nothing is used. */
  readonly pausedLookMs: number;
  /** Without work it ends after this; the next run starts it again. */
  readonly quietMs: number;
}

export const governorTimes: GovernorTimes = { lookMs: MINUTE, pausedLookMs: 5 * MINUTE, quietMs: DAY };

/** What the query `limits` answers. */
export interface GovernorState {
  readonly partner: string;
  /** Null: it could not look yet. */
  readonly limits: LimitsView | null;
  /** Null: Temporal does not tell (servers before 1.29). */
  readonly queue: QueueView | null;
  readonly pause: Wait | null;
  /** The last stream that was told to wait for long. */
  readonly waits: Wait | null;
  readonly runs: readonly string[];
  /** Why the last look failed. */
  readonly trouble: string | null;
}
