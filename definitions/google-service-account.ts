import { z } from 'zod';
import type { AuthOf } from './auth.ts';

const keyFile = z.looseObject({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z.url().default('https://oauth2.googleapis.com/token'),
});
export type ServiceAccountKey = z.output<typeof keyFile>;

/** What the JSON of a service account holds; undefined when it is none. */
export function readServiceAccountKey({
  key,
}: Pick<AuthOf<'googleServiceAccount'>, 'key'>): ServiceAccountKey | undefined {
  try {
    return keyFile.safeParse(JSON.parse(key)).data;
  } catch {
    return undefined;
  }
}
