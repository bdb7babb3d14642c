import { problemHelp, type ProblemHelp } from './problem-help.ts';
import { problemCodes, problems } from './problem.ts';

export const retryWords: Readonly<Record<ProblemHelp['retry'], string>> = {
  same: 'Send the same request again, with the same Idempotency-Key, after the number of seconds in `Retry-After`.',
  changed: 'Do not send the same request again: the answer would be the same.',
};

/** docs/ingest-problems.md, written by `node --import tsx scripts/write-problems.ts`. */
export const problemsDocument = (): string => `# Problems of the ingest API

This page is for people who send records to the ingest API: what each error means, and what to do. Every answer that refuses a request is \`application/problem+json\`
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), and nothing of a refused request was written. \`type\` is the URL of this explanation on the server. \`code\` is for programs and
does not change; \`detail\` is for people and may change. \`retryable\` says whether the same request may succeed later; \`retry_after_s\` and the header \`Retry-After\` say when.
\`errors\` names up to 100 places in the body. No answer repeats a value of the body.

| Status | Code | Title |
| ------ | ---- | ----- |
${problemCodes.map((code) => `| ${problems[code].status} | [\`${code}\`](#${code}) | ${problems[code].title} |`).join('\n')}

${problemCodes.map(section).join('\n\n')}
`;

function section(code: keyof typeof problemHelp): string {
  const { means, act, retry, example } = problemHelp[code];
  return `## ${code}

${problems[code].status}: ${problems[code].title}. ${means}

${act} ${retryWords[retry]}

For example: ${example}.`;
}
