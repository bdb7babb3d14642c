import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { assertNever } from '../core/assert-never.ts';
import { InvalidInput } from '../core/errors.ts';
import type { Hide } from '../core/transform.ts';

/** The same text gives the same one with the same key, so that a row whose record has not changed stays as it is. */
export function hideText(hide: Hide, text: string): string {
  switch (hide.kind) {
    case 'mask':
      return masked(hide, text);
    case 'hash':
      return createHmac('sha256', hide.key).update(text).digest('hex');
    case 'encrypt':
      return encrypted(hide.key, text);
    default:
      return assertNever(hide);
  }
}

/** Nothing stays of a text that would stay by more than half. What is left out is not counted: a mask tells no length. */
function masked({ first, last, with: stands }: Extract<Hide, { kind: 'mask' }>, text: string): string {
  const chars = Array.from(text);
  if (first + last === 0 || chars.length < 2 * (first + last)) return stands;
  return chars.slice(0, first).join('') + stands + (last === 0 ? '' : chars.slice(-last).join(''));
}

const MARK = 'enc1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM. Its nonce is a MAC of the text, under a key of its own: two texts have two nonces, and one text has the same one each
 * time (a synthetic nonce, as RFC 5297 and RFC 8452 have it). A nonce of chance would make another row of the same record each time.
 */
function encrypted(secret: string, text: string): string {
  const { cipherKey, nonceKey } = keysOf(secret);
  const nonce = createHmac('sha256', nonceKey).update(text).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return MARK + sealed.toString('base64url');
}

/** Throws InvalidInput where the text was made with another key, or changed since. */
export function decryptText(secret: string, text: string): string {
  if (!text.startsWith(MARK))
    throw new InvalidInput(`expected a text that begins with ${MARK}, as \`encrypt\` makes it`);
  const sealed = Buffer.from(text.slice(MARK.length), 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', keysOf(secret).cipherKey, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (error) {
    throw new InvalidInput('the text was encrypted with another key, or somebody changed it', { cause: error });
  }
}

interface Keys {
  readonly cipherKey: Buffer;
  readonly nonceKey: Buffer;
}

const known = new Map<string, Keys>();

/** RFC 5869: keys for two purposes from one secret. */
function keysOf(secret: string): Keys {
  const found = known.get(secret);
  if (found !== undefined) return found;
  const derived = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `syncline encrypt ${purpose}`, 32));
  const keys = { cipherKey: derived('1'), nonceKey: derived('1 nonce') };
  // Few secrets, rotated now and then: none is kept for ever.
  if (known.size >= 100) known.clear();
  known.set(secret, keys);
  return keys;
}
