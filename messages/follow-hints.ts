import type { GrantTimes } from './grant.ts';

export interface FollowHintsInput {
  readonly partner: string;
  readonly times: Pick<GrantTimes, 'startToCloseMs' | 'heartbeatTimeoutMs'>;
  /** Before it continued as new. */
  readonly soFar: HintsFollowed;
}

/** Records that were asked for because a webhook named them. */
export interface HintsFollowed {
  /** Answered by a record, or by that there is none. */
  readonly fetched: number;
  /** Could not be taken: tried again later, or left to a person. */
  readonly refused: number;
}
export const noHints: HintsFollowed = { fetched: 0, refused: 0 };

/** One round, and how it goes on. */
export type HintsRound = HintsFollowed &
  (
    | { readonly state: 'more' }
    /** None is open. */
    | { readonly state: 'done' }
    /** The next one is due at `until` (ISO), or the partner wants to be left alone until then. */
    | { readonly state: 'later'; readonly until: string; readonly cause: string; readonly deferred: boolean }
  );

export type FollowHints = (input: FollowHintsInput) => Promise<HintsFollowed>;
