import type { CircuitState } from './circuit.ts';
import type { PersonPause } from './person-pause.ts';

/** How a partner's limits stand: facts for people and for the governor, JSON through and through. Times are ISO. */

export interface Override {
  readonly cap: number;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** Ends by itself; null: stays until it is reset. */
  readonly until: string | null;
}

export interface BucketView {
  readonly name: string;
  readonly kind: 'rate' | 'window' | 'quota' | 'concurrency';
  readonly counts: 'requests' | 'cost';
  /** ms; null for a concurrency limit and for quotas by the calendar. */
  readonly periodMs: number | null;
  /** `day`, `1m`; '' for a concurrency limit. */
  readonly per: string;
  readonly declared: number;
  /** What counts now: the override, less what a throttled answer has cut. */
  readonly effective: number;
  readonly override: Override | null;
  /** rate: of its burst. */
  readonly used: number;
  readonly left: number;
  readonly resetsAt: string | null;
  /** Time zone in which the quota resets. */
  readonly zone: string;
  /** Units per hour as of late; null while too little is known. */
  readonly pacePerHour: number | null;
  /** At this pace nothing is left from then on; null: not before the reset. */
  readonly goneAt: string | null;
  /** Requests that cost nothing of it may go out when it is used up. */
  readonly hasFreeCalls: boolean;
}

export interface Wait {
  readonly until: string;
  readonly cause: string;
}

export interface CircuitView {
  readonly state: CircuitState;
  readonly since: string;
  readonly openUntil: string | null;
  readonly lastError: string;
  readonly advice: string;
}

export interface LimitAlert {
  readonly bucket: string;
  readonly level: number;
  readonly message: string;
  readonly at: string;
}

export interface LimitsView {
  readonly partner: string;
  /** The database's clock. */
  readonly at: string;
  /** Share of the declared speed. */
  readonly factor: number;
  /** A person lets nobody send; looks of older versions do not know. */
  readonly paused?: PersonPause | null;
  /** Nobody sends before. */
  readonly blocked: Wait | null;
  /** What the partner says is left of a limit that is not declared. */
  readonly told: { readonly left: number; readonly until: string } | null;
  readonly circuit: CircuitView | null;
  readonly buckets: readonly BucketView[];
  /** Of the periods that are not over. */
  readonly alerts: readonly LimitAlert[];
}

/** The task queue as Temporal has it. */
export interface QueueView {
  /** Grants per second; null: no limit. */
  readonly rate: number | null;
  readonly reason: string | null;
  readonly paused: Wait | null;
  /** Set by a person, so that we leave it alone. */
  readonly foreign: boolean;
}
