import { NeedsAttention } from '../core/errors.ts';
import type { KnownSecret } from './known-secrets.ts';
import { openText } from './seal-text.ts';
import { inForm } from './secret-forms.ts';

/** Brings the secrets of these names up to date, and tells all there are. */
export type TellSecrets = (names: readonly string[]) => Promise<readonly KnownSecret[]>;

/**
 * What `storeCursor` was given, with the secrets of now. It must not be logged or stored. Texts that are not ours are
 * left as they are: cursors from before secrets were taken out of them.
 */
export async function sendCursor(stored: string, tell: TellSecrets): Promise<string> {
  if (!stored.includes('${')) return stored;
  // What was sealed whole may have seals within.
  const once = openSeals(stored, await tell(namesOf(stored)));
  const opened = openSeals(once, await tell(namesOf(once)));
  const known = await tell(namesOf(opened));
  return opened.replaceAll(reference, (whole, name: string, form: string | undefined) => {
    if (name === '$') return '$';
    const value = known.find((secret) => secret.name === name)?.values[0];
    if (value !== undefined) return inForm(value, form ?? 'raw');
    if (!/^(auth|body|env|headers|query|secret)\./.test(name)) return whole;
    throw new NeedsAttention(`the stored cursor needs the secret ${name}, which the definition no longer has: ${cure}`);
  });
}

const seal = /\$\{sealed:([^:}]+):([\w-]+)\}/g;
const reference = /\$\{([^:}]+)(?::([^:}]+))?\}/g;
const cure = 'put it back, or begin anew with syncline sync --force';

const namesOf = (text: string): string[] => [
  ...new Set([...text.matchAll(seal), ...text.matchAll(reference)].map((match) => match[1] as string)),
];

function openSeals(text: string, known: readonly KnownSecret[]): string {
  return text.replaceAll(seal, (_, name: string, sealed: string) => {
    const values = known.find((secret) => secret.name === name)?.values ?? [];
    for (const value of values) {
      const opened = openText(sealed, value);
      if (opened !== undefined) return opened;
    }
    throw new NeedsAttention(`the stored cursor is sealed with a secret (${name}) that has been replaced: ${cure}`);
  });
}
