import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const IV = 16;

/**
 * The same text and secret give the same seal, for page keys are made of it: the initial vector is a MAC of the text
 * (SIV, RFC 5297 §1.3.1). Whoever sees two seals learns whether their texts are equal, and how long they are.
 */
export function sealText(text: string, secret: string): string {
  const keys = keysOf(secret);
  const iv = macOf(text, keys.mac);
  const cipher = createCipheriv('aes-256-ctr', keys.cipher, iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('base64url');
}

/** undefined when it was sealed with another secret, or changed. */
export function openText(sealed: string, secret: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < IV) return undefined;
  const keys = keysOf(secret);
  const iv = bytes.subarray(0, IV);
  const decipher = createDecipheriv('aes-256-ctr', keys.cipher, iv);
  const text = Buffer.concat([decipher.update(bytes.subarray(IV)), decipher.final()]).toString('utf8');
  return timingSafeEqual(macOf(text, keys.mac), iv) ? text : undefined;
}

const macOf = (text: string, key: Buffer): Buffer => createHmac('sha256', key).update(text).digest().subarray(0, IV);

function keysOf(secret: string): { readonly mac: Buffer; readonly cipher: Buffer } {
  const both = Buffer.from(hkdfSync('sha256', secret, '', 'syncline cursors', 64));
  return { mac: both.subarray(0, 32), cipher: both.subarray(32) };
}
