import type { Preset } from '../preset.ts';

/**
 * Version 3. It signs the whole address, with some characters decoded. A delivery is an array of up to 100 events; their `eventId` is not unique,
 * so that nothing stays the same for certain when one is repeated.
 */
export const hubspot = {
  page: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation',
  headers: [{ signature: 'x-hubspot-signature-v3', timestamp: 'x-hubspot-request-timestamp' }],
  written: { as: 'plain', prefix: '' },
  encoding: 'base64',
  algorithm: 'sha256',
  secretAs: 'text',
  content: '{method}{url}{body}{timestamp}',
  timestamp: 'milliseconds',
  decoded: {
    '%3A': ':',
    '%2F': '/',
    '%3F': '?',
    '%40': '@',
    '%21': '!',
    '%24': '$',
    '%27': "'",
    '%28': '(',
    '%29': ')',
    '%2A': '*',
    '%2C': ',',
    '%3B': ';',
  },
  type: { path: 'subscriptionType' },
  each: '',
} as const satisfies Preset;
