import { keyParts } from '../core/key-text.ts';

/** Several parts stand in the log as a JSON array. */
export function readableKey(key: string): string {
  if (!key.startsWith('["')) return key;
  try {
    return keyParts(key, 2).join(', ');
  } catch {
    return key;
  }
}
