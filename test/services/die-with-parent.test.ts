import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dieWithParent } from '../../services/die-with-parent.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive } from '../support/is-alive.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

describe('a parent that gets SIGKILL', () => {
  test('takes PostgreSQL and Temporal with it, and only throwaway data', async () => {
    const pathEnv = process.env['PATH'] ?? '';
    const cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv, log: () => {} });
    const script = join(import.meta.dirname, '../support/hold-services.ts');
    const parent = spawn(process.execPath, ['--import', 'tsx', script, folder.path, cliPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const { pids } = JSON.parse(String(line)) as { pids: number[] };
    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(await isAlive(pid)).toBe(true);

    parent.kill('SIGKILL');

    for (const pid of pids) expect(await eventually(async () => !(await isAlive(pid)))).toBe(true);
    expect(await eventually(() => !existsSync(join(folder.path, 'throwaway')))).toBe(true);
    expect(existsSync(join(folder.path, 'durable', 'PG_VERSION'))).toBe(true);
    expect(existsSync(join(folder.path, 'temporal.db'))).toBe(true);
  });
});

describe('a guard that is released', () => {
  test('touches neither process nor folder', async () => {
    const ward = spawn('sleep', ['60'], { stdio: 'ignore' });
    const pid = ward.pid ?? 0;
    const kept = await temporaryFolder();
    const guard = dieWithParent({ pid, signal: 'TERM', thenRemove: kept.path });
    guard.release();
    // The next guard is started after and acts; by the time it has, the first one has had its turn.
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    const script = `read line; kill -TERM ${other.pid ?? 0}`;
    spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] }).stdin.end('\n');
    await once(other, 'exit');
    expect(await isAlive(pid)).toBe(true);
    expect(existsSync(kept.path)).toBe(true);
    ward.kill();
    await kept.remove();
  });
});
