import type { Kind, Lane } from '../core/names.ts';
import type { StreamPlace } from '../core/stream-place.ts';
import type { Deferral } from './deferral.ts';
import type { StreamReport } from './stream-report.ts';

/** How long an activity of a partner may take. */
export interface GrantTimes {
  readonly startToCloseMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Grants in a row that may end on the partner's limit without a page. */
  readonly maxIdleGrants: number;
}

/** One stream's run as the workflow knows it: names, no records. */
export interface StreamJob extends StreamPlace {
  readonly stream: string;
  readonly window: string;
  readonly kind: Kind;
  readonly lane: Lane;
}

export interface GrantInput extends StreamJob {
  /** Grants that ended on the partner's limit, one after the other, without a page. */
  readonly idleGrants: number;
}

/** What a grant did, and how the workflow goes on. */
export type GrantResult = { readonly pages: number; readonly rows: number; readonly requests: number } & (
  | { readonly state: 'more' }
  | { readonly state: 'done'; readonly report: StreamReport }
  /** Goes on by itself at `until` (ISO); the checkpoint stays where it is. */
  | ({ readonly state: 'deferred' } & Deferral)
);
