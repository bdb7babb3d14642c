import { headersOf } from './headers.ts';
import type { PathItem, Response, Schema } from './openapi.ts';
import { withoutBodies } from './without-bodies.ts';

/** Whether the process answers, and whether it can take requests in: for balancers and Kubernetes. */
export const probePaths = (): Readonly<Record<string, PathItem>> => ({
  '/healthz': probe('healthz', 'Whether the process can answer', { status: { const: 'ok' } }),
  '/readyz': probe(
    'readyz',
    'Whether the process can take requests in',
    { ready: { type: 'boolean' }, problems: { type: 'array', items: { type: 'string' } } },
    { 503: 'It cannot; `problems` says why.' },
  ),
});

function probe(
  id: string,
  summary: string,
  properties: Readonly<Record<string, Schema>>,
  more: Readonly<Record<string, string>> = {},
): PathItem {
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  const responses: Readonly<Record<string, Response>> = Object.fromEntries(
    Object.entries({ 200: `${summary}: it can.`, ...more }).map(([status, description]) => [
      status,
      { description, headers: headersOf('X-Request-Id'), content: { 'application/json': { schema } } },
    ]),
  );
  const of = { summary, tags: ['probes'], security: [] };
  return {
    get: { operationId: id, ...of, responses },
    head: { operationId: `${id}.head`, ...of, responses: withoutBodies(responses) },
  };
}
