import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Preset } from './preset.ts';

/** What tells a true signature: the key that both sides share, or the sender's public one. */
export type OpeningKey =
  { readonly kind: 'shared'; readonly key: Buffer } | { readonly kind: 'public'; readonly key: KeyObject };

/** An Ed25519 public key of 32 bytes in DER begins so: RFC 8410 §4. */
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** The key of a secret; undefined where the secret is not written as the sender writes them. */
export function keyOf(secret: string, { secretAs }: Pick<Preset, 'secretAs'>): OpeningKey | undefined {
  if (secretAs === 'standard' && secret.startsWith('whpk_')) {
    const raw = decode(secret.slice('whpk_'.length), 'base64');
    if (raw?.length !== 32) return undefined;
    const der = Buffer.concat([ED25519, raw]);
    return { kind: 'public', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
  }
  const key =
    secretAs === 'text'
      ? Buffer.from(secret, 'utf8')
      : decode(secret.replace(/^whsec_/, ''), secretAs === 'hex' ? 'hex' : 'base64');
  return key === undefined || key.length === 0 ? undefined : { kind: 'shared', key };
}

function decode(text: string, encoding: 'base64' | 'hex'): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  const same = encoding === 'hex' ? text.toLowerCase() : text.replace(/=+$/, '');
  return bytes.toString(encoding).replace(/=+$/, '') === same ? bytes : undefined;
}
