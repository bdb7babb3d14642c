import type { Preset } from '../preset.ts';

/**
 * When the address is entered, Xero sends deliveries without events, some of them signed wrongly, and wants 200 for the right and 401 for
 * the others: https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/ ("intent to receive").
 */
export const xero = {
  page: 'https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/',
  headers: [{ signature: 'x-xero-signature' }],
  written: { as: 'plain', prefix: '' },
  encoding: 'base64',
  algorithm: 'sha256',
  // The key looks like base64, and is used as the text that it is.
  secretAs: 'text',
  content: '{body}',
  type: { path: 'eventCategory' },
  each: 'events',
} as const satisfies Preset;
