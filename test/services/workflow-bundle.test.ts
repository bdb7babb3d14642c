import { appendFile, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cachedWorkflowBundle } from '../../services/workflow-bundle.ts';
import { workflowSource } from '../../workers/workflow-source.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

const tiny = join(import.meta.dirname, '../support/tiny-workflows/index.ts');
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  // Where the bundler looks for @temporalio/workflow.
  await symlink(join(import.meta.dirname, '../../node_modules'), join(folder.path, 'node_modules'));
});
afterAll(() => folder.remove());

describe('cachedWorkflowBundle', () => {
  test('builds once per content and hands out the same file again', async () => {
    const cacheDir = join(folder.path, 'once');
    const [first, twin] = await Promise.all([
      cachedWorkflowBundle({ cacheDir, index: tiny }),
      cachedWorkflowBundle({ cacheDir, index: tiny }),
    ]);
    expect(twin).toBe(first);
    expect(await readFile(first, 'utf8')).toContain('tiny');
    await appendFile(first, '\n// as built');
    expect(await cachedWorkflowBundle({ cacheDir, index: tiny })).toBe(first);
    expect(await readFile(first, 'utf8')).toMatch(/as built$/);
    expect(await readdir(join(cacheDir, 'workflow-bundles'))).toHaveLength(1);
  });

  test('another content is another file; of the old ones only the newest stay', async () => {
    const cacheDir = join(folder.path, 'many');
    const bundles = join(cacheDir, 'workflow-bundles');
    await mkdir(bundles, { recursive: true });
    for (let age = 1; age <= 6; age += 1) {
      const file = join(bundles, `old-${age}.js`);
      await writeFile(file, '');
      await utimes(file, new Date(), new Date(Date.now() - age * 60_000));
    }
    const changed = join(folder.path, 'changed', 'index.ts');
    await mkdir(join(folder.path, 'changed'));
    await writeFile(changed, `export async function other(): Promise<string> { return 'other'; }\n`);
    const path = await cachedWorkflowBundle({ cacheDir, index: changed });
    const names = await readdir(bundles);
    expect(names.toSorted()).toEqual(
      [path.slice(bundles.length + 1), 'old-1.js', 'old-2.js', 'old-3.js', 'old-4.js'].toSorted(),
    );
  });

  test('a workflow that reaches for a Node module fails with the bundler’s words', async () => {
    const index = join(folder.path, 'wrong', 'index.ts');
    await mkdir(join(folder.path, 'wrong'));
    await writeFile(index, `import { readFile } from 'node:fs';\nexport const wrong = async () => readFile.name;\n`);
    await expect(cachedWorkflowBundle({ cacheDir: folder.path, index })).rejects.toThrow(/node:fs|'fs'/);
  });
});

describe('workflowSource', () => {
  test('is the bundle when it is there', async () => {
    const bundlePath = join(folder.path, 'bundle.js');
    await writeFile(bundlePath, '');
    expect(workflowSource({ bundlePath })).toEqual({ workflowBundle: { codePath: bundlePath } });
  });

  test.each([{ bundlePath: '/no/such/bundle.js' }, { bundlePath: undefined }, {}])(
    'is the sources beside it for %j',
    (options) => {
      expect(workflowSource(options)).toEqual({ workflowsPath: expect.stringMatching(/\/workflows\/index\.ts$/) });
    },
  );
});
