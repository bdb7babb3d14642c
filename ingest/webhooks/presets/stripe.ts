import type { Preset } from '../preset.ts';

export const stripe = {
  page: 'https://docs.stripe.com/webhooks/signature',
  headers: [{ signature: 'stripe-signature' }],
  // v0 is a made-up signature of test deliveries: it opens nothing.
  written: { as: 'pairs', signature: 'v1', timestamp: 't' },
  encoding: 'hex',
  algorithm: 'sha256',
  // `whsec_` belongs to the key here: it is no base64.
  secretAs: 'text',
  content: '{timestamp}.{body}',
  timestamp: 'seconds',
  id: { path: 'id' },
  type: { path: 'type' },
} as const satisfies Preset;
