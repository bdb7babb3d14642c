import type { ProblemCode } from '../problem.ts';
import type { ApiVersion } from '../versions/api-version.ts';
import { headersOf, ofCallers } from './headers.ts';
import type { Operation, Parameter } from './openapi.ts';
import { withoutBodies } from './without-bodies.ts';
import { problemResponses } from './problem-responses.ts';
import { componentAt } from './schemas.ts';

const codes: readonly ProblemCode[] = [
  'bad_request',
  'unauthenticated',
  'not_allowed',
  'not_found',
  'too_slow',
  'version_ended',
  'too_many_requests',
  'quota_used_up',
  'headers_too_large',
  'internal',
  'overloaded',
  'unavailable',
];

const parameters: readonly Parameter[] = [
  {
    name: 'id',
    in: 'path',
    required: true,
    description: 'Of the request, as its answer said.',
    schema: { type: 'string', format: 'uuid' },
    example: '7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c',
  },
  {
    name: 'wait',
    in: 'query',
    description:
      'Seconds in which the answer may wait for a change, 60 at most: of the version in If-None-Match, without it for the end.',
    schema: { type: 'integer', minimum: 0, maximum: 9999, default: 0 },
    example: 20,
  },
  {
    name: 'Prefer',
    in: 'header',
    description: '`wait=20`: as the parameter (RFC 7240).',
    schema: { type: 'string' },
    example: 'wait=20',
  },
  {
    name: 'If-None-Match',
    in: 'header',
    description: 'The ETag that is known: the answer is 304 while it is the newest.',
    schema: { type: 'string' },
    example: '"v1"',
  },
];

/** `GET /v1/ingest/{id}`, and the same as HEAD. */
export function stateOperation(version: ApiVersion, base: string, method: 'get' | 'head'): Operation {
  const { name, state, deprecation } = version;
  const content = {
    'application/json': {
      schema: { $ref: componentAt(`${name}.RequestState`) },
      examples: { waiting: { summary: 'Its record waits for another one', value: state.example } },
    },
  };
  const problems = problemResponses(codes, base);
  return {
    operationId: `${name}.state${method === 'head' ? '.head' : ''}`,
    summary: `What happened to the records of a request${method === 'head' ? ', without a body' : ''}`,
    description:
      'Records may wait for others, be kept aside because they do not fit, or still be on their way to other warehouses. Only requests of the same caller are found.',
    tags: [name],
    ...(deprecation === undefined ? {} : { deprecated: true }),
    security: [{ key: [] }],
    parameters,
    responses: {
      200: {
        description: 'The state now. Retry-After says when it is worth asking again.',
        headers: headersOf(...ofCallers, 'ETag', 'Retry-After'),
        ...(method === 'get' ? { content } : {}),
      },
      304: {
        description: 'The state is that of If-None-Match.',
        headers: headersOf(...ofCallers, 'ETag', 'Retry-After'),
      },
      ...(method === 'get' ? problems : withoutBodies(problems)),
    },
  };
}
