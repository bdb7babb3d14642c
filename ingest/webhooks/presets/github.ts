import type { Preset } from '../preset.ts';

/** Has no time: only the id of a delivery keeps it from being played again. It never repeats a failed delivery by itself. */
export const github = {
  page: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
  headers: [{ signature: 'x-hub-signature-256' }],
  written: { as: 'plain', prefix: 'sha256=' },
  encoding: 'hex',
  algorithm: 'sha256',
  secretAs: 'text',
  content: '{body}',
  id: { header: 'x-github-delivery' },
  type: { header: 'x-github-event' },
} as const satisfies Preset;
