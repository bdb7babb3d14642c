import type { Written } from './preset.ts';
import type { SignedParts } from './signed-content.ts';

export interface ReadSignatures extends SignedParts {
  readonly timestamp?: string;
}

/** A sender that changes its secret sends two. Each costs a comparison, and one of Ed25519 some work. */
const MOST = 16;

/** The signatures that a header holds; undefined where it is not written as it should be. */
export function readSignatures(text: string, written: Written): ReadSignatures | undefined {
  switch (written.as) {
    case 'plain':
      return text.startsWith(written.prefix)
        ? { signatures: [{ version: 'v1', text: text.slice(written.prefix.length) }] }
        : undefined;
    case 'list': {
      const signatures = text.split(' ').flatMap((one) => {
        const comma = one.indexOf(',');
        return comma < 1 ? [] : [{ version: one.slice(0, comma), text: one.slice(comma + 1) }];
      });
      return within(signatures) ? { signatures } : undefined;
    }
    case 'pairs': {
      const pairs = text.split(',').map((pair) => {
        const [name = '', ...rest] = pair.split('=');
        return { name: name.trim(), value: rest.join('=') };
      });
      const times = pairs.filter(({ name }) => name === written.timestamp);
      const signatures = pairs
        .filter(({ name }) => name === written.signature)
        .map(({ value }) => ({ version: 'v1', text: value }));
      // With two times, one would be checked and the other one signed.
      return times.length === 1 && within(signatures)
        ? { timestamp: (times[0] as { readonly value: string }).value, signatures }
        : undefined;
    }
    default:
      return written satisfies never;
  }
}

const within = (signatures: readonly unknown[]): boolean => signatures.length > 0 && signatures.length <= MOST;
