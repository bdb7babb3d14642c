import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { expect, test } from '@jest/globals';
import { importsIn } from '../../scripts/imports.ts';

/** Packages that are loaded with a file: all but what it imports later, where it is needed. */
async function loadedWith(file: string): Promise<ReadonlySet<string>> {
  const packages = new Set<string>();
  const files = new Set([file]);
  for (const each of files)
    for (const { path, typeOnly, later } of await importsIn(await readFile(each, 'utf8'))) {
      if (typeOnly || later) continue;
      if (path.startsWith('.')) files.add(posix.join(posix.dirname(each), path));
      else packages.add(path);
    }
  return packages;
}

/** What takes longest to load (docs/speed.md). */
const heavy = ['@temporalio/client', '@temporalio/worker', 'axios', 'fastify', 'yaml'];

// A command that lists what the database has takes 0.2 s; with Temporal's client it would take 0.4 s.
test.each([
  ...['main', 'context', 'output', 'program'].map((name) => `cli/${name}.ts`),
  ...['approvals', 'backfills', 'callers', 'calls', 'quarantine', 'reconciliations', 'runs', 'undos', 'waiting'].map(
    (name) => `cli/commands/${name}.ts`,
  ),
])('%s loads nothing heavy', async (file) => {
  const packages = await loadedWith(file);
  expect(heavy.filter((name) => packages.has(name))).toEqual([]);
});
