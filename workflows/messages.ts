import type { GrantTimes } from '../activities/control.ts';
import type { StreamJob } from '../activities/pull/grant.ts';
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
