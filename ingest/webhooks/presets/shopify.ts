import type { Preset } from '../preset.ts';

/** After a change of the client secret the old one may sign for an hour: keep both in `secrets` meanwhile. */
export const shopify = {
  page: 'https://shopify.dev/docs/apps/build/webhooks/verify-deliveries',
  headers: [{ signature: 'x-shopify-hmac-sha256' }],
  written: { as: 'plain', prefix: '' },
  encoding: 'base64',
  algorithm: 'sha256',
  secretAs: 'text',
  content: '{body}',
  id: { header: 'x-shopify-webhook-id' },
  type: { header: 'x-shopify-topic' },
} as const satisfies Preset;
