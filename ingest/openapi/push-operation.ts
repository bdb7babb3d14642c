import { KEY_LENGTH } from '../idempotency-key.ts';
import type { ProblemCode } from '../problem.ts';
import type { ApiVersion } from '../versions/api-version.ts';
import { headersOf, ofCallers } from './headers.ts';
import type { MediaType, Operation, Parameter, Schema } from './openapi.ts';
import { problemResponses } from './problem-responses.ts';
import { componentAt } from './schemas.ts';

/** A stream that a caller may push to; undefined: any. */
export interface PushTarget {
  readonly partner: string;
  readonly stream: string;
  /** Name of the component with its records' schema. */
  readonly record: string;
  readonly keyRequired: boolean;
}

const codes: readonly ProblemCode[] = [
  'bad_request',
  'body_invalid',
  'key_missing',
  'key_invalid',
  'unauthenticated',
  'not_allowed',
  'not_found',
  'too_slow',
  'in_flight',
  'version_ended',
  'too_large',
  'unsupported_type',
  'record_invalid',
  'key_reused',
  'too_many_requests',
  'quota_used_up',
  'headers_too_large',
  'internal',
  'overloaded',
  'unavailable',
  'busy',
];

const keyOf = (required: boolean): Parameter => ({
  name: 'Idempotency-Key',
  in: 'header',
  required,
  description:
    'A new one with each new request, the same one when it is sent again: then the answer is the first one, byte for byte. ' +
    'In quotes (a string of Structured Fields) or without.' +
    (required ? '' : ' Required by streams without a primary key.'),
  schema: {
    type: 'string',
    minLength: KEY_LENGTH.least,
    maxLength: KEY_LENGTH.most,
    pattern: '^[!-~]([ -~]*[!-~])?$',
  },
  example: 'f1c2a9de-8d0b-4a7e-9a54-2f1f5f1f3c77',
});

const atomic: Parameter = {
  name: 'atomic',
  in: 'query',
  description:
    '`true`: all records are taken, or none of them. Otherwise those that fit are, and the others are kept aside.',
  schema: { type: 'boolean', default: false },
};

/** `POST /v1/{partner}/{stream}`, or that of one stream. */
export function pushOperation(version: ApiVersion, base: string, target?: PushTarget): Operation {
  const { name, accepted, deprecation } = version;
  const record: Schema = target === undefined ? { type: 'object' } : { $ref: componentAt(target.record) };
  return {
    operationId: [name, 'push', ...(target === undefined ? [] : [target.partner, target.stream])].join('.'),
    summary: target === undefined ? 'Push records to a stream' : `Push records to ${target.partner}/${target.stream}`,
    description:
      'One record, several, or a line for each. They are durable when the answer is 202: nothing has to be asked again, and nothing of it is lost.',
    tags: [name],
    ...(deprecation === undefined ? {} : { deprecated: true }),
    security: [{ key: [] }],
    parameters: [
      ...(target === undefined ? [pathOf('partner', 'acme'), pathOf('stream', 'orders')] : []),
      keyOf(target?.keyRequired ?? false),
      atomic,
    ],
    requestBody: {
      required: true,
      description:
        'In UTF-8; with `Content-Encoding: gzip` also packed. No text may hold the character U+0000, which no warehouse can store.',
      content: bodies(record),
    },
    responses: {
      202: {
        description: 'The records are in the log. `items` says what became of each.',
        headers: headersOf(...ofCallers, 'Location', 'Idempotent-Replayed'),
        content: {
          'application/json': {
            schema: { $ref: componentAt(`${name}.Accepted`) },
            examples: { accepted: { summary: 'Two records, of which one does not fit', value: accepted.example } },
          },
        },
        links: {
          state: {
            operationId: `${name}.state`,
            parameters: { id: '$response.body#/id' },
            description: 'How its records stand.',
          },
        },
      },
      ...problemResponses(codes, base),
    },
  };
}

const pathOf = (name: string, example: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description: `Name of the ${name}.`,
  schema: { type: 'string', minLength: 1, maxLength: 200 },
  example,
});

function bodies(record: Schema): Readonly<Record<string, MediaType>> {
  return {
    'application/json': { schema: { anyOf: [record, { type: 'array', items: record, minItems: 1 }] } },
    'application/x-ndjson': {
      schema: { type: 'string', minLength: 2, description: 'A record as JSON in each line.' },
      examples: { lines: { summary: 'Two records', value: '{"id":"o1","v":1}\n{"id":"o2","v":1}\n' } },
    },
  };
}
