import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from './support/eventually.ts';
import { isAlive } from './support/is-alive.ts';
import { temporaryFolder, type TemporaryFolder } from './support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

test('processes that a test file starts and leaves behind end with it, also where a test passes its limit', async () => {
  // JavaScript without types, and its set-up is that of the whole suite.
  const { default: config } = (await import(String(new URL('../jest.config.js', import.meta.url)))) as {
    default: Record<string, unknown>;
  };
  const { globalSetup: _, globalTeardown: __, ...rest } = config;
  const alone = { ...rest, rootDir: process.cwd(), testMatch: ['**/test/support/left-behind.ts'] };
  const pids = join(folder.path, 'pids');
  const args = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--config', JSON.stringify(alone)];
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, PIDS: pids } }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  expect(said).toContain('Exceeded timeout of 100 ms');
  const started = (await readFile(pids, 'utf8')).split(' ').map(Number);
  expect(started).toHaveLength(2);
  for (const pid of started) expect(await eventually(async () => !(await isAlive(pid)))).toBe(true);
});
