import type { KnownSecret } from './known-secrets.ts';

/** How a secret may be written in what a partner sends back. */
const forms = {
  url: encodeURIComponent,
  raw: (text) => text,
  form: (text) => new URLSearchParams({ '': text }).toString().slice(1),
  'url-lower': (text) => encodeURIComponent(text).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  'url-url': (text) => encodeURIComponent(encodeURIComponent(text)),
  json: (text) => JSON.stringify(text).slice(1, -1),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64-url': (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
} as const satisfies Readonly<Record<string, (text: string) => string>>;

export type SecretForm = keyof typeof forms;

export const inForm = (secret: string, form: string): string =>
  (Object.hasOwn(forms, form) ? forms[form as SecretForm] : forms.raw)(secret);

/** Shorter ones would be found in any text: they count only where they stand alone. */
const SHORT = 6;

export const isShort = (secret: string): boolean => secret.length < SHORT;

export interface SecretFinder {
  /** Each place where a secret stands, in any form; a new object, for it remembers where it is. */
  readonly pattern: RegExp;
  /** Of a text that it has found. */
  readonly what: (found: string) => { readonly name: string; readonly form: SecretForm } | undefined;
}

const finders = { url: new WeakMap<object, SecretFinder>(), text: new WeakMap<object, SecretFinder>() };

/** `url`: where two forms are alike, the one that another secret needs in a URL. */
export function secretFinder(known: readonly KnownSecret[], kind: 'url' | 'text'): SecretFinder {
  const made = finders[kind].get(known) ?? makeFinder(known, kind);
  finders[kind].set(known, made);
  return made;
}

function makeFinder(known: readonly KnownSecret[], kind: 'url' | 'text'): SecretFinder {
  const names = Object.keys(forms) as SecretForm[];
  const order: readonly SecretForm[] = kind === 'url' ? names : ['raw', ...names.filter((name) => name !== 'raw')];
  const found = new Map<string, { readonly name: string; readonly form: SecretForm }>();
  const alternatives: { readonly text: string; readonly pattern: string }[] = [];
  for (const { name, values } of known)
    for (const value of values)
      for (const form of isShort(value) ? order.slice(0, 2) : order) {
        const text = forms[form](value);
        if (found.has(text)) continue;
        found.set(text, { name, form });
        const pattern = escapePattern(text);
        alternatives.push({ text, pattern: isShort(value) ? `(?<![^=&?;/])${pattern}(?![^&#;/?])` : pattern });
      }
  // The longest first: one secret may be a part of another.
  const sorted = alternatives.toSorted((a, b) => b.text.length - a.text.length).map(({ pattern }) => pattern);
  return {
    pattern: new RegExp([String.raw`\$\{`, ...sorted].join('|'), 'g'),
    what: (text) => found.get(text),
  };
}

const escapePattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
