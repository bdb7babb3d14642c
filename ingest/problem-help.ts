import type { ProblemCode } from './problem.ts';

/** What a sender is told of a code: on its page, in docs/ingest-problems.md and in the OpenAPI document. */
export interface ProblemHelp {
  readonly means: string;
  readonly act: string;
  /**
   * `same`: the same request, with the same Idempotency-Key, after the seconds of `Retry-After`. `changed`: never as it is.
   */
  readonly retry: 'same' | 'changed';
  /** A `detail` as it is really said. */
  readonly example: string;
  readonly retryAfterS?: number;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export const problemHelp: Readonly<Record<ProblemCode, ProblemHelp>> = {
  bad_request: {
    means: 'A part of the request cannot be read: a query parameter, a header, or its length.',
    act: 'Correct what `detail` names.',
    retry: 'changed',
    example: 'atomic: expected true or false, found something else',
  },
  body_invalid: {
    means: 'The body is not what Content-Type and Content-Encoding say, or it holds no record.',
    act: 'Send JSON (one object or an array of objects) or NDJSON (an object in each line), in UTF-8, with at least one record.',
    retry: 'changed',
    example: 'expected JSON in line 3, found something else at character 17',
  },
  key_missing: {
    means: 'The stream has no primary key, so without an Idempotency-Key a repeated record cannot be recognised.',
    act: 'Send an Idempotency-Key: a new one with each new request, and the same one when you send a request again.',
    retry: 'changed',
    example:
      'acme/entries cannot recognise a repeated record; send an Idempotency-Key, such as a UUID, and the same one when you send the request again',
  },
  key_invalid: {
    means: 'The Idempotency-Key is too short, too long, easy to guess, or given more than once.',
    act: 'Send a UUID, with or without quotes.',
    retry: 'changed',
    example:
      'Idempotency-Key: expected 16 to 255 printable ASCII characters with at least 6 different ones, such as a UUID: a new one for each request, the same one when it is sent again; found 3 characters',
  },
  unauthenticated: {
    means: 'Authorization has no key of a caller, or the key is no longer valid.',
    act: 'Send `Authorization: Bearer KEY`. If the key was revoked, ask whoever runs the server for a new one.',
    retry: 'changed',
    example: 'Authorization: expected Bearer and the key of a caller, found nothing',
  },
  not_allowed: {
    means: 'The key is valid, but its caller may not do this, or not from this address.',
    act: 'Ask whoever runs the server to change what the caller may do.',
    retry: 'changed',
    example: 'the caller may not push to acme/orders; have its scopes changed with `syncline callers`',
  },
  not_found: {
    means: 'There is no such path, no such stream, or no request of this caller with that id.',
    act: 'Compare the path with `GET /openapi.json`. The status of a request is removed after some time, which its answer states.',
    retry: 'changed',
    example: 'no stream acme/order takes pushes; its definition says so with `push: {}`',
  },
  method_not_allowed: {
    means: 'The path exists, but not for this method.',
    act: 'Use one of the methods in the header Allow.',
    retry: 'changed',
    example: 'expected POST, found GET',
  },
  too_slow: {
    means: 'The request was not complete in time: it has 10 seconds for the headers and 60 seconds in all.',
    act: 'Send the same request again. If it happens again, send fewer records in one request.',
    retry: 'same',
    example: 'the request did not come in the time that it has',
    retryAfterS: 1,
  },
  in_flight: {
    means:
      'Another request with the same Idempotency-Key is being worked on, or the process that worked on it died a moment ago.',
    act: 'Wait, then send the same request with the same key: you get the answer of the first one.',
    retry: 'same',
    example: 'a request with this Idempotency-Key is being worked on; send it again to get its answer',
    retryAfterS: 1,
  },
  version_ended: {
    means: 'The version of the API in the path has ended (`Sunset`).',
    act: 'Change the sender to a current version: the page in the header Link says what differs.',
    retry: 'changed',
    example: 'v1 of this API has ended; the link of rel="sunset" says what to change',
  },
  too_large: {
    means: 'The body has too many bytes, too many records, or too many levels of nesting.',
    act: 'Send fewer records in one request, each with a key of its own.',
    retry: 'changed',
    example: 'expected at most 10000 records, found 12000; send them in several requests',
  },
  unsupported_type: {
    means: 'The server does not support the content type, the charset or the content coding of the body.',
    act: 'Send application/json or application/x-ndjson in UTF-8, plain or with `Content-Encoding: gzip`.',
    retry: 'changed',
    example: 'Content-Type: expected application/json or application/x-ndjson in UTF-8',
  },
  record_invalid: {
    means:
      'Records do not fit the schema of the stream, and nothing of the request was accepted: none of its records fits, or it is atomic.',
    act: 'Correct what `errors` names, and send the request again with a new Idempotency-Key.',
    retry: 'changed',
    example:
      '1 of 2 records do not fit the schema of acme/orders; nothing was taken. Correct what `errors` names, and send the request again',
    errors: [{ pointer: '#/1/amount', detail: 'expected number, found string' }],
  },
  key_reused: {
    means: 'The Idempotency-Key was already used with a different request.',
    act: 'Send the new request with a new key. Do not derive keys from a counter or from the time.',
    retry: 'changed',
    example:
      'Idempotency-Key: expected the request that was sent with it before, found another body; send a new request with a new key',
  },
  too_many_requests: {
    means: 'The caller sends faster than it may. All of its keys count together.',
    act: 'Wait, then go on more slowly: the header RateLimit says what is left, and RateLimit-Policy what the limits are.',
    retry: 'same',
    example: 'the limit of requests is used up; send it again later',
    retryAfterS: 2,
  },
  quota_used_up: {
    means: 'The caller has sent as much as it may send in a day.',
    act: 'Wait until the time in Retry-After, or ask whoever runs the server for more. The header X-RateLimit-Warning warns before this happens.',
    retry: 'same',
    example: 'the quota of the day is used up; send it again when the next one begins',
    retryAfterS: 3600,
  },
  headers_too_large: {
    means: 'The headers of the request are larger than the server accepts.',
    act: 'Send fewer or shorter headers. Cookies are not needed here.',
    retry: 'changed',
    example: 'expected at most 16384 bytes of headers, found more',
  },
  internal: {
    means: 'An unexpected error happened. The request was not written.',
    act: 'Send it again. If it fails again, tell whoever runs the server the value of `request_id`.',
    retry: 'same',
    example: 'the request was not written; send it again, and tell us its id if it fails again',
    retryAfterS: 10,
  },
  overloaded: {
    means:
      'More requests come in than can be written. Some are refused early, so that accepted ones are answered in time.',
    act: 'Wait, then send the same request again, and fewer of them at once.',
    retry: 'same',
    example: 'too many requests wait to be written; send it again later',
    retryAfterS: 1,
  },
  unavailable: {
    means: 'The database cannot be reached, so nothing can be stored.',
    act: 'Wait, then send the same request again.',
    retry: 'same',
    example: 'nothing can be written now; send it again later',
    retryAfterS: 5,
  },
  busy: {
    means: 'The stream is being changed, for example by a rebuild.',
    act: 'Wait, then send the same request again. Other streams are not affected.',
    retry: 'same',
    example: 'the stream is being changed; send it again later',
    retryAfterS: 2,
  },
};
