import type { Answer } from '../core/page.ts';
import type { KnownSecret } from './known-secrets.ts';
import { withoutSecrets } from './redact.ts';

const MOST = 500;
/** No more of a body is looked at. */
const LOOKED_AT = 20_000;

/**
 * The beginning of what a partner says where it refuses a request, on one line, without our secrets and without what looks like an address, a
 * number of a person or a key. It may still repeat a name: only a definition that asks for it has it kept. null: there is no text.
 */
export function excerptOf(
  answer: Pick<Answer, 'text' | 'noText' | 'outline'>,
  known: readonly KnownSecret[],
): string | null {
  const text = (answer.outline ?? answer.text).slice(0, LOOKED_AT);
  if (answer.noText !== undefined || text.trim() === '') return null;
  // Secrets first, and before it is cut: a part of one would not be known.
  const shown = personal
    .reduce((line, pattern) => line.replaceAll(pattern, '…'), withoutSecrets(text, known))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return shown.length > MOST ? `${shown.slice(0, MOST - 1).replace(/[\ud800-\udbff]$/, '')}…` : shown;
}

/** E-mail addresses; long words that mix letters with digits, as keys and tokens do; numbers of phones, cards and accounts. */
const personal: readonly RegExp[] = [
  /[^\s@"'<>:;,()]{1,64}@[^\s@"'<>:;,()]{1,255}/gu,
  /\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{20,}\b/g,
  /\+?\d(?:[ ./-]?\d){5,}/g,
];
