import { z } from 'zod';

export const PROBLEM = 'application/problem+json';

/** What a request can be refused for. The code is stable; each has a page (docs/ingest-problems.md). Status codes: RFC 9110 §15, RFC 6585. */
export const problems = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  body_invalid: { status: 400, title: 'The body is not what its content type says' },
  key_missing: { status: 400, title: 'An Idempotency-Key is required' },
  key_invalid: { status: 400, title: 'The Idempotency-Key cannot be used' },
  unauthenticated: { status: 401, title: 'No valid key' },
  not_allowed: { status: 403, title: 'The caller may not do this' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  too_slow: { status: 408, title: 'The request came too slowly' },
  in_flight: { status: 409, title: 'A request with this Idempotency-Key is being worked on' },
  version_ended: { status: 410, title: 'This version of the API has ended' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_type: { status: 415, title: 'The content type is not supported' },
  record_invalid: { status: 422, title: 'Records do not fit the schema of the stream' },
  key_reused: { status: 422, title: 'The Idempotency-Key was used with another request' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  quota_used_up: { status: 429, title: 'The quota of the day is used up' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  overloaded: { status: 503, title: 'The server has too much to do' },
  unavailable: { status: 503, title: 'The database cannot be reached' },
  busy: { status: 503, title: 'The stream is being worked on' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;
export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

/** What is wrong at one place of a request. Never holds a value of it. */
export const problemAt = z.strictObject({
  pointer: z
    .string()
    .describe(
      'JSON Pointer into the body (RFC 6901), such as `#/3/amount`; lines of NDJSON count from 0, as in an array',
    ),
  detail: z.string().describe('what was expected'),
});
export type ProblemAt = Readonly<z.output<typeof problemAt>>;

interface Of {
  /** For a person: what was expected, what to do. */
  readonly detail: string;
  readonly errors?: readonly ProblemAt[];
  /** Whole seconds until it may be tried again; left out where trying again helps nothing. */
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A request is refused: nothing of it was written. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly ProblemAt[];
  readonly retryAfterS: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, { detail, errors = [], retryAfterS, headers = {}, cause }: Of) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errors = errors;
    this.retryAfterS = retryAfterS;
    this.headers = headers;
  }
}

/** The database is away: nothing was written, and the sender is to try again. */
export const unavailable = (cause: unknown): Refusal =>
  new Refusal('unavailable', { detail: 'nothing can be written now; send it again later', retryAfterS: 5, cause });

/** How many places are named. */
const MOST_ERRORS = 100;

/** The body of an `application/problem+json` (RFC 9457). */
export const problem = z.strictObject({
  type: z.url().describe('a page that says what it means and what to do'),
  title: z.string(),
  status: z.int().describe('the status of the answer'),
  detail: z.string().describe('for a person: what was expected, what to do; its words may change'),
  code: z.enum(problemCodes).describe('for programs: it stays the same'),
  request_id: z.uuid().describe('as in X-Request-Id'),
  retryable: z.boolean().describe('the same request may go well later'),
  retry_after_s: z.int().positive().optional().describe('whole seconds to wait for that, as in Retry-After'),
  errors: z.array(problemAt).optional().describe(`places in the body, ${MOST_ERRORS} at most`),
  truncated: z.literal(true).optional().describe('there are more errors than are named'),
});
export type ProblemBody = Readonly<z.output<typeof problem>>;

/** `base`: where this server is reached, without a slash at its end. */
export function problemBody(
  { code, message, errors, retryAfterS }: Refusal,
  { requestId, base }: { readonly requestId: string; readonly base: string },
): ProblemBody {
  const { status, title } = problems[code];
  return {
    type: `${base}/problems/${code}`,
    title,
    status,
    detail: message,
    code,
    request_id: requestId,
    retryable: retryAfterS !== undefined,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    ...(errors.length === 0
      ? {}
      : { errors: errors.slice(0, MOST_ERRORS).map(({ pointer, detail }) => ({ pointer, detail })) }),
    ...(errors.length > MOST_ERRORS ? { truncated: true as const } : {}),
  };
}
