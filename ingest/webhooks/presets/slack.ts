import type { Preset } from '../preset.ts';

/** Asks for its challenge back when the address is entered: https://docs.slack.dev/reference/events/url_verification */
export const slack = {
  page: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
  headers: [{ signature: 'x-slack-signature', timestamp: 'x-slack-request-timestamp' }],
  written: { as: 'plain', prefix: 'v0=' },
  encoding: 'hex',
  algorithm: 'sha256',
  secretAs: 'text',
  content: 'v0:{timestamp}:{body}',
  timestamp: 'seconds',
  id: { path: 'event_id' },
  type: { path: 'event.type' },
  challenge: { path: 'type', equals: 'url_verification', answer: 'challenge' },
} as const satisfies Preset;
