import type { PermitWait } from './grant-waits.ts';

/**
 * Our errors, named for what happens next. `activities/failures.ts` is the only place that turns them into Temporal
 * failures; nothing below it retries by itself.
 */

/** Where an error happened. Ids and numbers only: no record, no secret, no URL with a query. */
export interface Coordinates {
  readonly partner?: string;
  readonly stream?: string;
  readonly page?: number;
  readonly status?: number;
  readonly requestId?: string;
}

interface Details {
  readonly cause?: unknown;
  readonly at?: Coordinates;
}

abstract class SynclineError extends Error {
  readonly at: Coordinates;
  constructor(message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.at = details.at ?? {};
  }
}

/** Try again, no sooner than `afterMs` if given; otherwise with the backoff. */
export class RetryLater extends SynclineError {
  readonly afterMs: number | undefined;
  constructor(message: string, details: Details & { readonly afterMs?: number } = {}) {
    super(message, details);
    this.afterMs = details.afterMs;
  }
}

/** The answer came whole, and a list of records is not where it was expected. */
export class NoRecords extends RetryLater {}

/** Most calls to the partner fail, so nobody calls but one probe at a time. Waiting counts as time, not as attempts. */
export class PartnerDown extends RetryLater {}

/** Our own database is away: no fault of the partner, so it does not count against the attempts. */
export class WarehouseUnavailable extends RetryLater {}

/** The partner said to slow down, or a limit is reached. Nobody may send with this credential before `resumeAt`. */
export class Throttled extends SynclineError {
  /** ISO time by our clock. */
  readonly resumeAt: string;
  readonly waitsFor: PermitWait;
  constructor(message: string, details: Details & { readonly resumeAt: string; readonly waitsFor?: PermitWait }) {
    super(message, details);
    this.resumeAt = details.resumeAt;
    this.waitsFor = details.waitsFor ?? 'partner';
  }
}

/** The partner is at work on what it was asked for. Asked again at `resumeAt`, without counting as a failure or as a limit. */
export class NotReady extends SynclineError {
  /** ISO time by our clock. */
  readonly resumeAt: string;
  constructor(message: string, details: Details & { readonly resumeAt: string }) {
    super(message, details);
    this.resumeAt = details.resumeAt;
  }
}

/** So much would be deleted at once that a person has to look at it first. Looked at again at `resumeAt`, or when somebody has answered. */
export class HeldForApproval extends SynclineError {
  /** ISO time. */
  readonly resumeAt: string;
  constructor(message: string, details: Details & { readonly resumeAt: string }) {
    super(message, details);
    this.resumeAt = details.resumeAt;
  }
}

/** A person has paused the work: nothing is sent until a person ends that. */
export class Paused extends SynclineError {}

/** Trying again cannot help: the request or the answer is wrong in a way that stays. */
export class GiveUp extends SynclineError {}

/** The partner does not know the cursor any more: its partition is read from the first page again. Never leaves the grant. */
export class StartAnew extends GiveUp {}

/** A person has to act first: a revoked token, a schema that no longer fits, a missing setting. */
export class NeedsAttention extends SynclineError {}

/** Bad input from the user (definition, flag, environment); the message names field, place, expectation and cure. */
export class InvalidInput extends SynclineError {}

/** Every message of a chain of causes, outermost first. */
export function explain(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error && parts.length < 5; at = at.cause) {
    const { message } = at;
    if (!parts.some((part) => part.includes(message))) parts.push(message);
  }
  return parts.length === 0 ? String(error) : parts.join(': ');
}
