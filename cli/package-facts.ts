import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const facts = z.object({ version: z.string(), peerDependencies: z.record(z.string(), z.string()) });

/** Our own package.json: beside the sources, or above dist/. */
export function packageFacts(): z.output<typeof facts> {
  const [file] = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .filter((url) => existsSync(url));
  if (file === undefined) throw new Error('package.json of syncline is missing: install it again');
  return facts.parse(JSON.parse(readFileSync(file, 'utf8')));
}
