/**
 * What a call was for: a page of a listing, one record by its key, a step of an export job, a token.
 */
export const callPurposes = ['page', 'record', 'job', 'token'] as const;
export type CallPurpose = (typeof callPurposes)[number];

/**
 * Kinds of failed calls. With an answer: `throttled` asked too often, `server` the partner's fault, `credentials` not let in, `refused` for good,
 * `skipped` and gone on without, `again` to be asked once more. Without one: `timeout`, `connection`, `answer` broken or too large, `cancelled` by us.
 */
export const callErrors = [
  'throttled',
  'server',
  'credentials',
  'refused',
  'skipped',
  'again',
  'timeout',
  'connection',
  'answer',
  'cancelled',
] as const;
export type CallError = (typeof callErrors)[number];

/**
 * What the headers of an answer said of limits: nothing is left, or how long to stay away; `nothing`: it refused as one call too many and said neither.
 */
export interface ToldLimit {
  readonly kind: 'used-up' | 'wait' | 'nothing';
  /** null: they did not say how long. */
  readonly waitMs: number | null;
}

/** Commands of a person that ask a partner themselves: `partners check`, `partners record`, `auth`. */
export const callMakers = ['check', 'record', 'auth'] as const;
export type CallMaker = (typeof callMakers)[number];

/** Whose a call was: names of runs, as the ledger and Temporal have them. */
export interface CallOwner {
  /** Of the stream's run; null: no run asked. */
  readonly syncId: string | null;
  /** Of the partner's run that it is part of. */
  readonly runId: string | null;
  readonly workflowRunId: string | null;
  readonly attempt: number;
  /** Left out, or null: a worker. */
  readonly madeBy?: CallMaker | null;
}

/** Facts about one request to a partner and its answer: what the call log keeps. Nothing in it is secret. */
export interface Call extends CallOwner {
  /** Epoch ms. */
  readonly sentAtMs: number;
  readonly partner: string;
  readonly stream: string;
  readonly purpose: CallPurpose;
  readonly page: number | null;
  readonly method: string;
  readonly host: string;
  /** Without values of the query. */
  readonly path: string;
  /** null: no answer came. */
  readonly status: number | null;
  readonly error: CallError | null;
  /** Of a call without an answer: Node's name of what happened. */
  readonly code: string | null;
  readonly durationMs: number;
  /** For its permit. */
  readonly waitedMs: number;
  readonly bytes: number | null;
  /** The partner's own id of the request. */
  readonly requestId: string | null;
  readonly excerpt: string | null;
  readonly told: ToldLimit | null;
  /** How many calls it stands for. */
  readonly weight: number;
}

/** Takes calls and keeps them later. Never throws, never waits. */
export interface CallLog {
  /** How many calls this one would stand for; 0: it is not kept. `sample`: the share that the definition wants, if it says so. */
  readonly weigh: (of: { readonly failed: boolean; readonly sample: number | undefined }) => number;
  readonly note: (call: Call) => void;
}

/** The weight of a call. Failures are always kept. `random` is in [0, 1). */
export function weightOf({
  failed,
  sample,
  random,
}: {
  readonly failed: boolean;
  readonly sample: number;
  readonly random: number;
}): number {
  if (failed || sample >= 1) return 1;
  return random < sample ? 1 / sample : 0;
}
