import { existsSync, readFileSync } from 'node:fs';

export interface PackageFacts {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Our own package.json: beside the sources, or above dist/. Not checked with zod, which alone takes as long to load as all else of `--help`. */
export function packageFacts(): PackageFacts {
  const [file] = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .filter((url) => existsSync(url));
  if (file === undefined) throw new Error('package.json of syncline is missing: install it again');
  return JSON.parse(readFileSync(file, 'utf8')) as PackageFacts;
}
