import type { KnownSecret } from './known-secrets.ts';
import { sealText } from './seal-text.ts';
import { secretFinder } from './secret-forms.ts';
import { isSecretLike } from './secret-like.ts';
import { showsSecret } from './shows-secret.ts';

/**
 * A cursor as it may be stored: `${name}` stands for each secret that we know, and what else has the name of one is
 * sealed. A pure function of the cursor and the secrets' values, for page keys are made of it; `sendCursor` gives back
 * what the partner said.
 */
export function storeCursor(cursor: string, known: readonly KnownSecret[]): string {
  const key = sealingKey(known);
  const seal = (text: string): string =>
    key === undefined ? text : `\${sealed:${key.name}:${sealText(text, key.secret)}}`;
  const { pattern, what } = secretFinder(known, /^https?:\/\//.test(cursor) ? 'url' : 'text');
  const named = cursor.replaceAll(pattern, (found) => {
    const secret = what(found);
    // `${` of the partner's own, which must not be read as ours.
    if (secret === undefined) return '${$}{';
    return secret.form === 'raw' ? `\${${secret.name}}` : `\${${secret.name}:${secret.form}}`;
  });
  const stored = named.replaceAll(parameter, (whole, before: string, name: string, value: string) =>
    isSecretLike(decoded(name)) && !isNamed(value) ? `${before}${name}=${seal(value)}` : whole,
  );
  return showsSecret(stored.replaceAll(ours, ''), known) ? seal(stored) : stored;
}

const parameter = /(^|[?&;])([^?&;=#/]+)=([^&#]+)/g;
const ours = /\$\{[^}]*\}/g;

/** Nothing is left of it but secrets that are known. */
const isNamed = (value: string): boolean => value !== '' && value.replaceAll(ours, '') === '';

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** In this order, so that all processes take the same. */
const standing = ['clientSecret', 'token', 'key', 'secret', 'password', 'username', 'credentials', 'sealKey'].map(
  (name) => `auth.${name}`,
);

/** A secret that outlives runs; undefined where the partner wants none. */
function sealingKey(known: readonly KnownSecret[]): { readonly name: string; readonly secret: string } | undefined {
  const names = known.map(({ name }) => name).filter((name) => !name.startsWith('auth.'));
  const name = [...standing, ...names.toSorted()].find((each) => known.some((secret) => secret.name === each));
  const secret = known.find((each) => each.name === name)?.values[0];
  return name === undefined || secret === undefined ? undefined : { name, secret };
}
