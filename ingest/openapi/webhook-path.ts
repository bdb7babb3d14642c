import type { ProblemCode } from '../problem.ts';
import { headersOf } from './headers.ts';
import type { Parameter, PathItem } from './openapi.ts';
import { problemResponses } from './problem-responses.ts';

const codes: readonly ProblemCode[] = [
  'not_found',
  'too_large',
  'headers_too_large',
  'internal',
  'overloaded',
  'unavailable',
  'busy',
];

const named = (name: string, description: string, example: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string', minLength: 1, maxLength: 200 },
  example,
});

/** Where the webhooks of partners come in: their signature is their key, and their sender says what is in them. */
export const webhookPath = (base: string): Readonly<Record<string, PathItem>> => ({
  '/hooks/{partner}/{webhook}': {
    post: {
      operationId: 'webhook',
      summary: 'Deliver a webhook',
      description:
        'Signed as the sender signs it. 200 says that the delivery is kept; everything else, that it has to be repeated.',
      tags: ['webhooks'],
      security: [],
      parameters: [
        named('partner', 'Name of the partner.', 'acme'),
        named('webhook', 'Name of the webhook in the definition of the partner.', 'payments'),
      ],
      requestBody: {
        required: true,
        description: 'The bytes that were signed.',
        content: { '*/*': { schema: {} } },
      },
      responses: {
        200: {
          description:
            'It is kept. A body is only there where the sender asks for one, to see whether somebody is there.',
          headers: headersOf('X-Request-Id'),
        },
        401: {
          description: 'The signature is missing, wrong or too old; the answer does not say which.',
          headers: headersOf('X-Request-Id'),
          content: {
            'application/problem+json': {
              schema: {
                type: 'object',
                properties: { type: { const: 'about:blank' }, title: { type: 'string' }, status: { const: 401 } },
                required: ['type', 'title', 'status'],
                additionalProperties: false,
              },
            },
          },
        },
        ...problemResponses(codes, base),
      },
    },
  },
});
