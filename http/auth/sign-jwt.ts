import { createPrivateKey, createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { NeedsAttention } from '../../core/errors.ts';
import { SECOND } from '../../core/duration.ts';
import type { AuthOf } from '../../definitions/auth.ts';
import { privateKeyText } from '../../definitions/check-auth.ts';

/** Clocks differ: a token of the future is refused. */
const BACK_MS = 10 * SECOND;

export type JwtSettings = Pick<AuthOf<'jwt'>, 'algorithm' | 'key' | 'keyId' | 'claims' | 'lifetime'>;

/** RFC 7519. What the definition claims wins over iat, exp and jti. */
export async function signJwt(settings: JwtSettings, nowMs: number): Promise<string> {
  const { algorithm, keyId, claims, lifetime } = settings;
  const issuedAt = Math.floor((nowMs - BACK_MS) / SECOND);
  const times = { iat: issuedAt, exp: issuedAt + Math.ceil(lifetime / SECOND), jti: randomUUID() };
  try {
    return await new SignJWT({ ...times, ...claims })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
      .sign(keyOf(settings));
  } catch (error) {
    // Its message may quote the key.
    const kind = error instanceof Error ? error.name : typeof error;
    throw new NeedsAttention(
      `auth.key cannot sign ${algorithm} (${kind}): check that it is the whole key, and of this kind`,
    );
  }
}

function keyOf({ algorithm, key }: JwtSettings): KeyObject {
  if (algorithm.startsWith('HS')) return createSecretKey(key, 'utf8');
  return createPrivateKey(privateKeyText(key));
}
