import type { PushedBatch, SentBatch } from './batch.ts';

export interface PushOptions {
  /** Of the server, such as `https://push.example.com`. */
  readonly url: string;
  /** Of the caller; a function is asked before each request, so that a key may be changed on the way. */
  readonly key: string | (() => string | Promise<string>);
  readonly partner: string;
  readonly stream: string;
  /** What `JSON.stringify` makes of each is sent. A number of more than 15 digits stays exact as a text. */
  readonly records: Iterable<unknown> | AsyncIterable<unknown>;
  /** What one request holds at most: 500 records and 1 MiB of JSON, if absent. A larger record goes alone. */
  readonly batch?: { readonly records?: number; readonly bytes?: number };
  /** Requests at once; 1 if absent, which keeps the order of records that have no version. */
  readonly concurrency?: number;
  /** Each request lands whole, or not at all. */
  readonly atomic?: boolean;
  /** Packs bodies: less to send, more to compute. */
  readonly gzip?: boolean;
  /**
   * The Idempotency-Key of a batch, asked once: all tries of the batch have it. A random one if absent. Write it down here, before it is sent, to go on
   * with it after a crash; `contentKey` gives the same one for the same content.
   */
  readonly idempotencyKey?: (batch: PushedBatch) => string | Promise<string>;
  /** How long a batch is tried again before `push` gives up; 15 minutes if absent. */
  readonly patienceMs?: number;
  /** How long one answer may take; 60 s if absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** A batch is durable. With several requests at once, they come in no order. */
  readonly onAnswer?: (sent: SentBatch) => void | Promise<void>;
  /** A request did not go well, and is sent again after `waitMs`. */
  readonly onRetry?: (retry: PushRetry) => void;
  /** An answer says that this version of the API ends; told once. */
  readonly onDeprecated?: (notice: { readonly sunset: string | undefined; readonly link: string | undefined }) => void;
}

export interface PushRetry {
  readonly batch: PushedBatch;
  /** Of the try that failed, from 1. */
  readonly attempt: number;
  readonly waitMs: number;
  /** The status or code of the answer, or what happened on the way. */
  readonly because: string;
}

export interface PushReport {
  readonly requests: number;
  readonly records: number;
  readonly accepted: number;
  /** Records that do not fit, and are kept aside at the other end until somebody has looked at them. */
  readonly quarantined: readonly Misfit[];
}

export interface Misfit {
  /** Place among all records that were given to `push`, from 0. */
  readonly record: number;
  /** In the record: JSON Pointer as a fragment, `#` for all of it. */
  readonly pointer: string;
  readonly detail: string;
}
