import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { lastPorts } from '../../cli/dev-ports.ts';
import { portOrFree } from '../../services/free-port.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { compiledCli, type Ended } from './run-syncline.ts';

const acme = `
name: acme
baseUrl: \${ACME_URL}
auth: { type: bearer, token: '\${ACME_TOKEN}' }
streams:
  payments:
    path: /v1/payments
    query: { limit: 10 }
    records: data
    primaryKey: [id]
    pagination: { type: token, token: next_cursor, as: cursor }
    schema: { type: object, properties: { id: { type: string } } }
`;

let simulator: Simulator;
let folder: TemporaryFolder;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  [simulator, folder] = await Promise.all([
    startSimulator({ payments: 200, auth: { type: 'bearer', token: 'of-the-file' } }),
    temporaryFolder(),
  ]);
  await mkdir(join(folder.path, 'partners'));
  await writeFile(join(folder.path, 'partners', 'acme.yaml'), acme);
  // The servers of a `.env` for production are not those of `dev`.
  await writeFile(
    join(folder.path, '.env'),
    `ACME_URL=${simulator.url}\nACME_TOKEN=of-the-file\nDATABASE_URL=postgres://nobody@127.0.0.1:1/nothing\n`,
  );
});
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
  await simulator?.close();
  await folder?.remove();
});

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<Ended>;
}

/** In the folder of the project, with nothing of it in the environment. */
function start(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [compiledCli, ...args], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
  });
  running.add(child);
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => {
    running.delete(child);
    return { code: Number(code), ...text };
  });
  return { child, said: () => text.stdout, ended };
}

const addresses = z.object({ databaseUrl: z.string(), temporalAddress: z.string(), uiUrl: z.string() });

async function startDev(): Promise<{ dev: Started; at: z.output<typeof addresses> }> {
  const dev = start('dev', '--no-demo', '--json');
  expect(await eventually(() => dev.said().endsWith('}\n'), 60_000)).toBe(true);
  return { dev, at: addresses.parse(JSON.parse(dev.said())) };
}

test('dev reads .env, tells its addresses again, and keeps its ports; a sync that is left goes on', async () => {
  const first = await startDev();

  const shown = await start('dev', '--show', '--json').ended;
  expect(addresses.parse(JSON.parse(shown.stdout))).toEqual(first.at);
  expect(await start('dev', '--no-demo').ended).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^syncline: `syncline dev` runs already \(process \d+\): `npx syncline dev --show`/),
  });

  simulator.set({ latencyMs: 400 });
  const left = start('sync', 'acme', '--window', '2026-11-24');
  expect(await eventually(() => simulator.requests().length >= 2, 30_000)).toBe(true);
  left.child.kill('SIGINT');
  expect(await left.ended).toMatchObject({
    code: 130,
    stderr: expect.stringMatching(
      /sync\/acme\/2026-11-24 goes on: [^]*runs show sync\/acme\/2026-11-24\n[^]*sync acme --window 2026-11-24\n[^]*runs cancel/,
    ),
  });
  simulator.set({ latencyMs: 0 });
  const joined = await start('sync', 'acme', '--window', '2026-11-24', '--json').ended;
  expect(joined).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(joined.stdout)).toMatchObject({ outcome: 'ok', counts: { fetched: 200 } });
  // Who lacks a variable is told from who has it.
  await writeFile(join(folder.path, '.env'), `ACME_URL=${simulator.url}\n`);
  expect(await start('partners', 'check', 'acme', '--offline').ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('ACME_TOKEN is not set in `syncline partners check`'),
  });
  expect((await start('status').ended).stdout).toContain(
    'acme: its limits are not shown, since ACME_TOKEN is not set in this terminal (workers have their own)',
  );

  first.dev.child.kill('SIGINT');
  expect((await first.dev.ended).code).toBe(0);
  const kept = await lastPorts(join(folder.path, '.syncline', 'dev'));
  expect([new URL(first.at.databaseUrl), new URL(first.at.uiUrl)].map(({ port }) => Number(port))).toEqual([
    kept.postgres,
    kept.ui,
  ]);
  if (process.env['SYNCLINE_TEST_LONG'] !== '1') return;
  const second = await startDev();
  expect(second.at).toEqual(first.at);
});

test('a port that somebody else listens on is not waited for', async () => {
  const taken = simulator.port;
  const other = await portOrFree(taken);
  expect(other).not.toBe(taken);
  expect(await portOrFree(other)).toBe(other);
});
