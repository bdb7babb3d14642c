import type { Preset } from '../preset.ts';
import { standard } from './standard.ts';

/** Its customers may have its headers called `webhook-…`: https://docs.svix.com/receiving/verifying-payloads/how-manual */
export const svix = {
  ...standard,
  page: 'https://docs.svix.com/receiving/verifying-payloads/how-manual',
  headers: [{ signature: 'svix-signature', timestamp: 'svix-timestamp', id: 'svix-id' }, ...standard.headers],
} as const satisfies Preset;
