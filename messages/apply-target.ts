import { MINUTE, SECOND } from '../core/duration.ts';

/** A stream's table in a target. */
export interface PlaceInTarget {
  readonly target: string;
  readonly partner: string;
  /** `payments`, or `payments.history`: the table with its versions. */
  readonly stream: string;
}

export interface ApplyTargetInput extends PlaceInTarget {
  readonly times?: Partial<ApplyTargetTimes>;
}

/** ms. */
export interface ApplyTargetTimes {
  /** Caught up, and told of nothing for so long: it ends. The next commit starts it again. */
  readonly quietMs: number;
  /** What needs a person is tried again after this, or when somebody says so. */
  readonly attentionMs: number;
  /** How long Temporal waits for a sign of life before it gives the work to another worker. */
  readonly heartbeatTimeoutMs: number;
}

export const applyTargetTimes: ApplyTargetTimes = {
  quietMs: MINUTE,
  attentionMs: 10 * MINUTE,
  heartbeatTimeoutMs: 30 * SECOND,
};

/** What one activity did. */
export type AppliedToTarget =
  | ({ readonly state: 'caughtUp' | 'more' } & LoadFacts)
  /** A person has paused the target. */
  | { readonly state: 'paused'; readonly reason: string }
  /** The stream is not written to this target (any more). */
  | { readonly state: 'unwanted' }
  /** A person has to act first. */
  | { readonly state: 'attention'; readonly reason: string };

export interface LoadFacts {
  /** The last event that was applied, and the last one of the log. */
  readonly event: number;
  readonly lastEvent: number;
  readonly rows: number;
  readonly loads: number;
  /** Events that fit the definition no longer. */
  readonly unfit: number;
  readonly everyMs: number;
  /** How many events of the table that is made anew beside are applied; null: none is. */
  readonly building: number | null;
}

export type ApplyTarget = (input: ApplyTargetInput) => Promise<ApplyTargetReport>;

export interface ApplyTargetReport {
  readonly state: 'caughtUp' | 'paused' | 'unwanted';
  readonly event: number;
  readonly rows: number;
}
