import { parseItem } from 'structured-headers';
import { Refusal } from './problem.ts';

/** Shorter ones are guessed, or given twice by mistake; Stripe takes up to 255 characters (https://docs.stripe.com/api/idempotent_requests). */
export const KEY_LENGTH = { least: 16, most: 255 } as const;
/** A key of fewer different characters is no random one. */
const LEAST_DIFFERENT = 6;

const expected =
  `expected ${KEY_LENGTH.least} to ${KEY_LENGTH.most} printable ASCII characters with at least ${LEAST_DIFFERENT} different ones, such as a UUID: ` +
  'a new one for each request, the same one when it is sent again';

/**
 * The key of a request: a Structured Field string in quotes (draft-ietf-httpapi-idempotency-key-header, RFC 9651 §3.3.3), or the bare token that many
 * clients send. `"abc"` and `abc` are the same key. undefined: there is none. Throws a Refusal; the key is not shown.
 */
export function idempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string') throw invalid('found several headers');
  const text = header.trim();
  const key = text.startsWith('"') ? quoted(text) : text;
  // Node joins headers that come twice; in a bare key a comma would hide that.
  if (key === undefined || (!text.startsWith('"') && text.includes(','))) throw invalid('found no single key');
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key)) throw invalid('found another character');
  if (key.length < KEY_LENGTH.least || key.length > KEY_LENGTH.most) throw invalid(`found ${key.length} characters`);
  if (new Set(key).size < LEAST_DIFFERENT) throw invalid('found the same few characters repeated');
  return key;
}

function quoted(text: string): string | undefined {
  try {
    const [value] = parseItem(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (found: string): Refusal =>
  new Refusal('key_invalid', { detail: `Idempotency-Key: ${expected}; ${found}` });
