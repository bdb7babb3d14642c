import { DAY, MINUTE } from '../core/duration.ts';
import type { LimitsView, QueueView, Wait } from '../core/limits-view.ts';

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

export type GovernPartner = (input: GovernPartnerInput) => Promise<void>;
