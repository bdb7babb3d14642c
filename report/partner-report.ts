import type { CallError } from '../core/call.ts';
import type { ToldLimits } from '../store/partner-report/told-limits.ts';
import type { Evidence } from '../store/partner-report/period.ts';
import type { DoubtKind } from './decide/doubt-kinds.ts';
import type { FieldChange } from './decide/field-changes.ts';
import type { StreamLatency } from './decide/slow-hours.ts';
import type { UnfitField } from './decide/unfit-kinds.ts';

/**
 * What a partner's API did, fit to be sent to the partner: no secret, no value of a record, no path as it was sent, and of ours only names of
 * streams and ids of runs. `--json` prints it as it is. Times are ISO.
 */
export interface PartnerReport {
  readonly partner: string;
  readonly madeAt: string;
  readonly from: string;
  readonly to: string;
  /** Since when each thing is known; null: nothing of it is kept. */
  readonly known: {
    readonly calls: string | null;
    readonly runs: string | null;
    /** The part of the time before from which calls are kept, up to `from`; null: none. */
    readonly callsBefore: string | null;
  };
  readonly streams: readonly StreamLine[];
  readonly totals: readonly FalseTotal[];
  readonly doubts: readonly Doubt[];
  /** How many of both there were in the time before. */
  readonly before: { readonly totals: number; readonly doubts: number };
  readonly errors: readonly ErrorKind[];
  readonly latency: readonly StreamLatency[];
  readonly limits: ReportedLimits;
  readonly fields: readonly StreamFields[];
  readonly unfit: readonly UnfitField[];
}

export interface StreamLine {
  readonly stream: string;
  readonly path: string | null;
  readonly runs: number;
  readonly notOk: number;
  readonly records: number;
  readonly calls: number;
  readonly failedCalls: number;
}

/** `at`, `requestId`: the last page of the run. */
export interface FalseTotal extends Evidence {
  readonly stated: number;
  readonly came: number;
  /** Records that came more than once in the run; null: not known. */
  readonly repeated: number | null;
}

/** `at`, `requestId`: the page that raised it. */
export interface Doubt extends Evidence {
  readonly kind: DoubtKind;
}

export interface ErrorKind {
  readonly stream: string;
  readonly kind: CallError;
  readonly status: number | null;
  readonly code: string | null;
  /** It was a request for a token. */
  readonly token: boolean;
  readonly calls: number;
  /** All calls of the stream, failed or not. */
  readonly of: number;
  /** In the time before; null: no call of then is kept. */
  readonly before: { readonly calls: number; readonly of: number } | null;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly examples: readonly (Evidence & { readonly call: string })[];
}

export interface ReportedLimits {
  readonly declared: readonly {
    readonly name: string;
    readonly says: string;
    /** The most calls that we sent in such a stretch of time; null: not counted. */
    readonly busiest: number | null;
    /** Why it could not be counted. */
    readonly why: string | null;
  }[];
  /** Refusals as one call too many: those within every declared limit, those above one, and those of which that is not clear. */
  readonly within: { readonly calls: number; readonly examples: readonly Evidence[] };
  readonly above: { readonly calls: number; readonly examples: readonly Evidence[] };
  readonly unclear: readonly { readonly why: string; readonly calls: number }[];
  /** What was said of limits by other means than a 429 with a time to wait. */
  readonly told: readonly ToldLimits[];
}

export interface StreamFields {
  readonly stream: string;
  /** Records that were looked at, in the period and before; `since` the oldest of them. */
  readonly looked: number;
  readonly lookedBefore: number;
  readonly since: string | null;
  /** Only the newest records were looked at. */
  readonly cut: boolean;
  readonly changes: readonly FieldChange[];
  /** Further undocumented fields whose names may be values. */
  readonly hidden: number;
}
