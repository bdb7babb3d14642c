import { problemHelp } from '../problem-help.ts';
import { problemExample } from '../problem-example.ts';
import { problems, type ProblemCode } from '../problem.ts';
import { headersOf, ofCallers, type HeaderName } from './headers.ts';
import type { Example, Response } from './openapi.ts';
import { componentAt } from './schemas.ts';

const more: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  409: ['Retry-After'],
  415: ['Accept-Encoding'],
  429: ['Retry-After'],
  500: ['Retry-After'],
  503: ['Retry-After'],
};

/** The answers to what is refused, by status; each shows one example for each code. */
export function problemResponses(codes: readonly ProblemCode[], base: string): Readonly<Record<string, Response>> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, of]) => [String(status), response(status, of, base)]));
}

function response(status: number, codes: readonly ProblemCode[], base: string): Response {
  return {
    description: codes.map((code) => `\`${code}\`: ${problemHelp[code].means}`).join('\n'),
    headers: headersOf(...ofCallers, ...(more[status] ?? [])),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: componentAt('Problem') }],
          properties: { status: { const: status }, code: { enum: codes } },
        },
        examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code, base)])),
      },
    },
  };
}

const exampleOf = (code: ProblemCode, base: string): Example => ({
  summary: problems[code].title,
  value: problemExample(code, base),
});
