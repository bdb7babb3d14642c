import type { Preset } from '../preset.ts';

/** v1 is HMAC-SHA256, v1a is Ed25519; the secret says which. */
export const standard = {
  page: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  headers: [{ signature: 'webhook-signature', timestamp: 'webhook-timestamp', id: 'webhook-id' }],
  written: { as: 'list' },
  encoding: 'base64',
  algorithm: 'sha256',
  secretAs: 'standard',
  content: '{id}.{timestamp}.{body}',
  timestamp: 'seconds',
  type: { path: 'type' },
} as const satisfies Preset;
