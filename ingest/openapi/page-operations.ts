import { problemCodes, type ProblemCode } from '../problem.ts';
import { headersOf } from './headers.ts';
import type { Operation, PathItem, Response } from './openapi.ts';
import { problemResponses } from './problem-responses.ts';
import { withoutBodies } from './without-bodies.ts';

const failures: readonly ProblemCode[] = ['too_slow', 'headers_too_large', 'internal'];

interface Page {
  readonly id: string;
  readonly summary: string;
  readonly type: string;
  readonly parameters?: Operation['parameters'];
  readonly mayMiss?: boolean;
}

/** What is for people, and the document itself. */
export function pagePaths(base: string): Readonly<Record<string, PathItem>> {
  return {
    '/openapi.json': {
      ...both(
        base,
        { id: 'openapi', summary: 'This document', type: 'application/json' },
        [{ key: [] }, {}],
        ['unauthenticated', 'not_allowed', 'too_many_requests', 'quota_used_up', 'unavailable'],
      ),
    },
    '/docs': both(base, { id: 'docs', summary: 'This document as a page', type: 'text/html' }),
    '/docs/versions': both(base, { id: 'docs.versions', summary: 'The versions of the API', type: 'text/html' }),
    '/docs/style.css': both(base, { id: 'docs.style', summary: 'How the pages look', type: 'text/css' }),
    '/problems': both(base, { id: 'problems', summary: 'Every code of a problem', type: 'text/html' }),
    '/problems/{code}': both(base, {
      id: 'problem',
      summary: 'What a code of a problem means, and what to do',
      type: 'text/html',
      mayMiss: true,
      parameters: [
        {
          name: 'code',
          in: 'path',
          required: true,
          description: 'Of the problem.',
          schema: { type: 'string', enum: problemCodes },
          example: 'key_reused',
        },
      ],
    }),
  };
}

function both(
  base: string,
  page: Page,
  security: NonNullable<Operation['security']> = [],
  more: readonly ProblemCode[] = [],
): PathItem {
  const codes: readonly ProblemCode[] = [
    ...(page.mayMiss === true ? (['not_found'] as const) : []),
    ...more,
    ...failures,
  ];
  const responses: Readonly<Record<string, Response>> = {
    200: {
      description: page.summary,
      headers: headersOf('X-Request-Id'),
      content: { [page.type]: { schema: { type: page.type === 'application/json' ? 'object' : 'string' } } },
    },
    ...problemResponses(codes, base),
  };
  const operation = (method: 'get' | 'head'): Operation => ({
    operationId: `${page.id}${method === 'head' ? '.head' : ''}`,
    summary: page.summary,
    tags: ['pages'],
    security,
    ...(page.parameters === undefined ? {} : { parameters: page.parameters }),
    responses: method === 'get' ? responses : withoutBodies(responses),
  });
  return { get: operation('get'), head: operation('head') };
}
