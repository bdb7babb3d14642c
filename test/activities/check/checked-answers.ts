import { afterEach } from '@jest/globals';
import type { CheckedStream, FailedCheck } from '../../../activities/check/check-stream.ts';
import type { PartnerInput, StreamInput } from '../../../definitions/definition.ts';
import { serve, type LocalServer } from '../../http/support/local-server.ts';
import { defineStream } from '../../support/define-stream.ts';
import { checkIt } from './check-it.ts';

export type Row = Readonly<Record<string, unknown>>;
/** What the partner answers to the query of a request; a number is a status. */
export type Answers = (query: URLSearchParams, nth: number) => unknown;

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** URLs that the last check asked for. */
export const asked: string[] = [];

export async function check(
  answers: Answers,
  change: Partial<StreamInput>,
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): Promise<CheckedStream> {
  const result = await tryCheck(answers, change, rest);
  if ('error' in result) throw new Error(result.error);
  return result;
}

export async function tryCheck(
  answers: Answers,
  change: Partial<StreamInput>,
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): Promise<CheckedStream | FailedCheck> {
  asked.length = 0;
  server = await serve((request, response) => {
    asked.push(request.url as string);
    const answer = answers(new URL(request.url as string, 'http://x').searchParams, asked.length);
    response.statusCode = typeof answer === 'number' ? answer : 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  return checkIt(defineStream({ version: [], ...change }, { baseUrl: server.url, ...rest }));
}

export const codes = ({ findings }: CheckedStream): string[] =>
  findings.map(({ code, severity }) => `${severity} ${code}`);
export const about = (remarks: CheckedStream['verified']): string[] => remarks.map((remark) => remark.about);
export const ids = (from: number, to: number): Row[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: `o${from + i}`, text: null }));
/** Cut by a well-behaved offset. */
export const cut = (rows: readonly Row[], query: URLSearchParams, size = 3): readonly Row[] => {
  const from = Number(query.get('offset') ?? 0);
  return rows.slice(from, from + size);
};

/** A stream whose times may have no fraction. */
export const wholeSeconds = (version: string[]): Partial<StreamInput> => ({
  version,
  schema: {
    type: 'object',
    properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' }, n: { type: 'integer' } },
  },
});
