import { createHmac } from 'node:crypto';

/**
 * What an erasure keeps of a key: HMAC-SHA-256 under the erasure's salt (RFC 2104). Who knows a key can tell whether it was erased; who does not would
 * have to guess it.
 */
export const keyDigest = (
  salt: Uint8Array,
  place: { readonly partner: string; readonly stream: string },
  key: string,
): Buffer =>
  createHmac('sha256', salt)
    .update(JSON.stringify([place.partner, place.stream, key]))
    .digest();
