import type { Preset } from '../preset.ts';

export const zendesk = {
  page: 'https://developer.zendesk.com/documentation/webhooks/verifying/',
  headers: [{ signature: 'x-zendesk-webhook-signature', timestamp: 'x-zendesk-webhook-signature-timestamp' }],
  written: { as: 'plain', prefix: '' },
  encoding: 'base64',
  algorithm: 'sha256',
  secretAs: 'text',
  content: '{timestamp}{body}',
  timestamp: 'iso',
  // https://developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request/
  id: { header: 'x-zendesk-webhook-invocation-id' },
  type: { path: 'type' },
} as const satisfies Preset;
