import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { long } from '../support/long.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { installed, pack, run } from './install.ts';

jest.setTimeout(300_000);
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

(long ? describe : describe.skip)('the npm package', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let project: string;
  let files: readonly string[];
  beforeAll(async () => {
    folder = await temporaryFolder();
    const tarball = await pack(folder.path);
    files = (await run('tar', ['tzf', tarball], folder.path)).trim().split('\n');
    project = await installed(folder.path, tarball);
    await run('npx', ['--no-install', 'syncline', 'init'], project);
  });
  afterAll(() => folder.remove());

  test('brings what runs, and nothing of its development', () => {
    expect(files).toEqual(
      expect.arrayContaining(
        [
          'bin/syncline.js',
          'dist/workflow-bundle.js',
          'dist/store/migrations/0001_ledger.sql',
          'dist/store/functions/take_permits.sql',
          'dist/client/sealed-failures.cjs',
          'dist/partners/demo.yaml',
          'dist/public/index.d.ts',
          'schema/partner.schema.json',
          'schema/targets.schema.json',
          'LICENSE',
        ].map((name) => `package/${name}`),
      ),
    );
    expect(files.filter((name) => /package\/(dist\/)?(test|bench|docs|examples)\/|(?<!\.d)\.ts$/.test(name))).toEqual(
      // The template of a project has a definition in TypeScript.
      ['package/dist/templates/project/partners/shop_code.ts'],
    );
  });

  test('a new project passes its own test: real servers, a simulated partner, every record once', async () => {
    expect(await run('npm', ['test'], project)).toMatch(/^# pass 3\n# fail 0$/m);
  });

  test('the examples of docs/package.md hold, and the definition among them', async () => {
    const document = await readFile(new URL('../../docs/package.md', import.meta.url), 'utf8');
    const blocks = [...document.matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```/gm)];
    expect(blocks.map(([, name]) => name)).toEqual(['partners/ledger.ts', 'activities/sync-ledger.ts']);
    // In partners/, which the project's tsconfig covers, all of them are type-checked below.
    for (const [, name = '', text = ''] of blocks)
      await writeFile(join(project, name.replace('activities', 'partners')), text);
    expect(
      await run('npx', ['--no-install', 'syncline', 'partners', 'check', 'ledger', '--offline'], project),
    ).toContain('The definition of ledger holds: entries.');
  });

  test('the types of what it offers hold, and refuse what does not fit', async () => {
    await writeFile(
      join(project, 'partners', 'own.ts'),
      `import { startSync, connectClient, push } from 'syncline/client';
       import { startSyncline } from 'syncline/testing';
       import { definePartner } from 'syncline';
       export const used = [startSync, connectClient, push, startSyncline];
       // @ts-expect-error the address is missing
       definePartner({ name: 'own', streams: {} });`,
    );
    expect(await run(process.execPath, [tsc, '-p', project], project)).toBe('');
  });

  test('init again leaves every file as it is', async () => {
    const file = join(project, 'partners', 'shop.yaml');
    await writeFile(file, 'changed');
    expect(JSON.parse(await run('npx', ['--no-install', 'syncline', 'init', '--json'], project))).toMatchObject({
      written: [],
      packageFile: 'there already: left as it is',
    });
    expect(await readFile(file, 'utf8')).toBe('changed');
  });
});
