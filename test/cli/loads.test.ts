import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { expect, test } from '@jest/globals';
import { importsIn } from '../../scripts/imports.ts';

/** Packages that a file loads, with all that it imports as it starts; what is imported later, with `import()`, is not among them. */
async function loadedBy(entry: string): Promise<ReadonlySet<string>> {
  const packages = new Set<string>();
  const files = new Set([entry]);
  // A set is walked in the order of insertion, also over what is added on the way.
  for (const file of files)
    for (const { path, typeOnly, later } of await importsIn(await readFile(file, 'utf8'))) {
      if (typeOnly || later || path.startsWith('node:')) continue;
      if (path.startsWith('.')) files.add(posix.join(posix.dirname(file), path));
      else packages.add(path);
    }
  return packages;
}

// Loading it takes longer than what these commands do; `status` asks Temporal while the database works.
const TEMPORAL = /^@temporalio\/(worker|client|common|proto)/;

test.each([
  ['cli/main.ts', /^(zod|pg|yaml)$|^@temporalio/],
  ['cli/commands/runs.ts', /^(yaml|croner)$|^@temporalio/],
  ['cli/commands/status.ts', TEMPORAL],
  ['cli/commands/ui.ts', TEMPORAL],
])('%s starts without %s', async (entry, unwanted) => {
  expect([...(await loadedBy(entry))].filter((name) => unwanted.test(name))).toEqual([]);
});

test('what a worker loads is seen', async () => {
  expect(await loadedBy('cli/commands/worker.ts')).toContain('@temporalio/worker');
});
