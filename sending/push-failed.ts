import type { PushedBatch } from './batch.ts';
import type { Misfit, PushReport } from './push-options.ts';

interface Of {
  readonly batch: PushedBatch;
  readonly idempotencyKey: string;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
  readonly errors?: readonly Misfit[];
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A batch was refused for something that does not pass by itself, or was tried for as long as `patienceMs` says. Nothing of it is known to have landed:
 * send it again with its `idempotencyKey`, and it lands once.
 */
export class PushFailed extends Error {
  override readonly name = 'PushFailed';
  readonly batch: PushedBatch;
  readonly idempotencyKey: string;
  /** Of the last answer; undefined: there was none. */
  readonly status: number | undefined;
  /** Of the problem (docs/ingest-problems.md); undefined: the answer was not the server's. */
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** Records that do not fit, by their place among all records. */
  readonly errors: readonly Misfit[];
  /** It would pass after so long; undefined: it does not pass by itself. */
  readonly retryAfterMs: number | undefined;
  /** What had landed before, of all batches. */
  report: PushReport = { requests: 0, records: 0, accepted: 0, quarantined: [] };

  constructor(
    message: string,
    { batch, idempotencyKey, status, code, requestId, errors = [], retryAfterMs, cause }: Of,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.batch = batch;
    this.idempotencyKey = idempotencyKey;
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
  }
}
