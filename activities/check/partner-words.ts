import type { Answer } from '../../core/page.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { withoutSecrets } from '../../http/redact.ts';

const MOST_QUOTED = 300;

/**
 * What a partner says where it refuses a request, on one line: its own words lead to the cure more often than ours. Only a check shows
 * them, to the person who asks; a run's messages are kept, and have no text of an answer. undefined: nothing for a person to read.
 */
export function partnerWords(answer: Answer, known: readonly KnownSecret[]): string | undefined {
  if (answer.status < 400 || answer.noText !== undefined) return undefined;
  const text = answer.text.replaceAll(/\s+/g, ' ').trim();
  if (text === '' || text.startsWith('<')) return undefined;
  // Before it is cut: half of a secret would not be known as one.
  const shown = withoutSecrets(text, known);
  return shown.length > MOST_QUOTED ? `${shown.slice(0, MOST_QUOTED).replace(/[\ud800-\udbff]$/, '')}…` : shown;
}
