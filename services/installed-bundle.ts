import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { builtBundle } from '../workers/workflow-source.ts';

/** The bundle that an installed package brings; in a checkout it could be older than the sources. */
export function installedBundle(): string | undefined {
  const path = builtBundle();
  return extname(import.meta.url) === '.js' && existsSync(path) ? path : undefined;
}
