import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's own, so that the Temporal CLI is fetched once per machine and not once per checkout. */
export function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'syncline');
}
