import crypto from 'node:crypto';

/** A key as its caller holds it: `sl_<id>_<secret>`. The id finds it, only the secret proves it. */
export interface CallerKey {
  readonly keyId: string;
  readonly secret: string;
}

const form = /^sl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** Undefined: it is no key of ours, whoever made it. */
export function parseCallerKey(text: string): CallerKey | undefined {
  const [, keyId, secret] = form.exec(text) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
}

/** A new one with 256 random bits. */
export const newCallerKey = (): CallerKey => ({
  keyId: crypto.randomBytes(8).toString('hex'),
  secret: crypto.randomBytes(32).toString('base64url'),
});

export const callerKeyText = ({ keyId, secret }: CallerKey): string => `sl_${keyId}_${secret}`;

/** What we keep instead of the secret, 32 bytes. */
export const hashOfSecret = (secret: string): Buffer => crypto.createHash('sha256').update(secret).digest();
