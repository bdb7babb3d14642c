import type { GrantEnd, GrantWait, PermitWait } from './grant-waits.ts';

/** A grant as it begins. Times are epoch ms. */
export interface BegunGrant {
  readonly streamId: number;
  readonly runNo: number;
  readonly workflowRunId: string;
  /** Of its activity, from 1. */
  readonly attempt: number;
  /** When its workflow, or Temporal after a failure, wanted it. */
  readonly askedAtMs: number;
  readonly givenAtMs: number;
  /** The run had ended, and goes on: the time since then is nobody's wait. */
  readonly reopened: boolean;
}

/** How it ended. */
export interface EndedGrant {
  readonly endedAtMs: number;
  readonly ended: GrantEnd;
  readonly pages: number;
  readonly records: number;
  readonly requests: number;
  /** How long requests waited within it, ms. */
  readonly waited: Partial<Record<PermitWait, number>>;
  /** Why the next one does not begin at once; null: it does, or there is none. */
  readonly waitsFor: GrantWait | null;
  /** ISO; null: Temporal decides. */
  readonly until: string | null;
  /** In words. */
  readonly cause: string | null;
}

export interface OpenGrant {
  readonly end: (how: EndedGrant) => Promise<void>;
}

/** Notes grants for people to see. It must never change what becomes of a grant: it throws nothing. */
export interface GrantLog {
  /** Returns at once; the grant is noted meanwhile. */
  readonly begin: (grant: BegunGrant) => OpenGrant;
}
