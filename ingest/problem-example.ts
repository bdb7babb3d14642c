import { problemHelp } from './problem-help.ts';
import { problemBody, Refusal, type ProblemBody, type ProblemCode } from './problem.ts';

/** The body of an answer with this code, as the documents show it. */
export function problemExample(code: ProblemCode, base: string): ProblemBody {
  const { example, errors, retryAfterS } = problemHelp[code];
  const refusal = new Refusal(code, {
    detail: example,
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
  return problemBody(refusal, { requestId: '0b8f2a3e-53a4-4f51-9d0c-6f6f5b7f2d11', base });
}
