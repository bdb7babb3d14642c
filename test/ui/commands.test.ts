import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { compiledCli, runSyncline, type Ended } from '../cli/run-syncline.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';
import { CANARY, HOSTILE, pastOfUi } from './past-of-ui.ts';

const used = usePool();
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await pastOfUi(used.pool, folder.path);
});
afterAll(() => folder?.remove());

const env = (): Record<string, string> => ({
  DATABASE_URL: used.database.url,
  SYNCLINE_HOME: folder.path,
  SYNCLINE_PARTNERS_DIR: folder.path,
});
const report = (...args: readonly string[]): Promise<Ended> => runSyncline(['runs', 'report', ...args], env());

test('`syncline ui` says where it is, serves until it is told to end, and ends with 0', async () => {
  const child = spawn(process.execPath, [compiledCli, 'ui', '--address', '127.0.0.1:0'], { env: env() });
  const exited = once(child, 'exit');
  let said = '';
  for await (const part of child.stdout) {
    said += String(part);
    if (said.includes('\n')) break;
  }
  const [, url = ''] = /^Status page: (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(said) ?? [];
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await (await fetch(url)).text()).toContain('12 calls were refused for good');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('`syncline ui` is not opened to other machines where nobody can sign in', async () => {
  expect(await runSyncline(['ui', '--address', '0.0.0.0:0'], env())).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('set SYNCLINE_UI_TOKEN, or SYNCLINE_UI_READERS=anyone'),
  });
});

test('a run is written as one file that loads, runs and links nothing', async () => {
  const file = join(folder.path, 'run.html');
  const ended = await report('sync/p2/2026-11-24', '--out', file, '--json');
  const text = await readFile(file, 'utf8');
  expect(ended).toMatchObject({ code: 0 });
  expect(JSON.parse(ended.stdout)).toEqual({ run: 'sync/p2/2026-11-24', file, bytes: Buffer.byteLength(text) });
  const { document } = parseHTML(text);
  expect(document.querySelectorAll('a, form, script, link, img, iframe, [src], [href]')).toHaveLength(0);
  expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toMatch(/^default-src 'none'/);
  const said = document.querySelector('main')?.textContent ?? '';
  for (const part of [
    HOSTILE.replaceAll('`', ''),
    '12 calls were refused for good',
    'no record got lost',
    'another worker, since its own ended',
    'sync/p2/s1/2026-11-24',
  ])
    expect(said).toContain(part);
  expect(text).not.toContain('<script>alert');
  expect(text).not.toContain(CANARY);
});

test('a file that is there is not written over, and a run that is not there is said', async () => {
  const file = join(folder.path, 'kept.html');
  expect(await report('sync/p1/2026-11-24', '--out', file)).toMatchObject({ code: 0 });
  const [again, forced, none] = await Promise.all([
    report('sync/p1/2026-11-24', '--out', file),
    report('sync/p1/2026-11-24', '--out', file, '--force'),
    report('sync/p1/1999-01-01', '--out', join(folder.path, 'none.html')),
  ]);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
  expect(forced).toMatchObject({ code: 0 });
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no run "sync/p1/1999-01-01"') });
});
