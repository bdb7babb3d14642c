import { parseJson, valueAt } from '../../core/json.ts';
import type { Answer } from '../../core/page.ts';
import { pollHint, type PollHint } from '../../core/poll-hint.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';

/** What the answer of a run's first page says of when to ask again. */
export function hintOf({ partner, definition }: CompiledStream, answer: Answer): PollHint | undefined {
  const { polling } = definition;
  const { headers, receivedAtMs } = answer;
  const inBody = polling.path === undefined ? undefined : valueIn(answer, polling.path);
  return pollHint(polling, { headers, inBody, receivedAtMs }, partner.limits.maxWait);
}

function valueIn({ text }: Answer, path: string): unknown {
  try {
    return valueAt(parseJson(text), path);
  } catch {
    // What is no JSON has no path; whoever reads the page says so.
    return undefined;
  }
}
