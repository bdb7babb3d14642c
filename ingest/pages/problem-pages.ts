import { problemHelp } from '../problem-help.ts';
import { problemExample } from '../problem-example.ts';
import { problemCodes, problems, type ProblemCode } from '../problem.ts';
import { retryWords } from '../problem-words.ts';
import { html, json, words } from '../../core/html.ts';
import { layout } from './layout.ts';

/** What a code means, what to do, and whether to send the request again. */
export function problemPage(code: ProblemCode, base: string): string {
  const { status, title } = problems[code];
  const { means, act, retry } = problemHelp[code];
  return layout(
    title,
    html`<h1>${title}</h1>
      <p>Status ${status}, code <code>${code}</code></p>
      <p>${words(means)}</p>
      <h2>What to do</h2>
      <p>${words(act)}</p>
      <p>${words(retryWords[retry])}</p>
      <h2>Example</h2>
      ${json(problemExample(code, base))}`,
  );
}

/** All codes with their pages. */
export const problemList = (): string =>
  layout(
    'Problems',
    html`<h1>Problems</h1>
      <p>
        Every answer that refuses a request is <code>application/problem+json</code> (RFC 9457) with one of these codes.
      </p>
      <table>
        ${problemCodes.map(
          (code) =>
            html`<tr>
              <td>${problems[code].status}</td>
              <td><a href="/problems/${code}">${code}</a></td>
              <td>${problems[code].title}</td>
            </tr>`,
        )}
      </table>`,
  );
