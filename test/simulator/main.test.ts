import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { startSimulator } from '../../simulator/start.ts';
import { getJson, post, walks } from './walk.ts';

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

const sources = ['--import', 'tsx', 'simulator/main.ts'];
/** As a build makes it: it starts in a third of the time of the sources. */
const built = ['dist/simulator/main.js'];

function program(args: readonly string[], from: readonly string[] = built): ChildProcess {
  const child = spawn(process.execPath, [...from, ...args], { stdio: 'pipe' });
  running.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const part of child.stdout as AsyncIterable<Buffer>) {
    text += part.toString();
    if (text.includes('\n')) break;
  }
  return text.trim();
}

async function ready(
  args: readonly string[],
  from?: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = program(args, from);
  const line = await firstLine(child);
  const url = /^simulator ready (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
  if (url === undefined) throw new Error(`unexpected first line: ${line}`);
  return { child, url };
}

test('the program serves the world of its seed, is controlled over HTTP and ends on SIGTERM', async () => {
  const { child, url } = await ready(
    ['--payments', '30', '--refunds', '20', '--seed', '9', '--customers', '10'],
    sources,
  );
  const same = await startSimulator({ payments: 30, refunds: 20, seed: 9, customers: 10, events: 10_000 });
  try {
    expect((await walks['/v1/payments'](url, 8)).rows).toEqual(same.truth('payments'));
    const mutation = { change: 4, add: 2 };
    expect(await (await post(`${url}/_sim/mutate`, mutation)).json()).toMatchObject({ payments: 32, refunds: 20 });
    same.mutate(mutation);
    const lines = async (query: string) =>
      (await (await fetch(`${url}/_sim/truth/payments${query}`)).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    expect(await lines('')).toEqual(same.truth('payments'));
    expect(await lines('?offset=5&limit=3')).toEqual(same.truth('payments').slice(5, 8));

    expect((await post(`${url}/_sim/faults`, [{ kind: 'status', status: 503, nth: 1 }])).status).toBe(200);
    expect((await fetch(`${url}/v1/payments`)).status).toBe(503);
    expect(await getJson(`${url}/_sim/faults`)).toMatchObject([{ fault: { kind: 'status' }, seen: 1, fired: 1 }]);
    expect((await post(`${url}/_sim/limits`, { daily: 1 })).status).toBe(200);
    expect([(await fetch(`${url}/v1/payments`)).status, (await fetch(`${url}/v1/payments`)).status]).toEqual([
      200, 429,
    ]);
    expect(await getJson(`${url}/_sim/stats`)).toMatchObject({ requests: 7, ok: 5, violations: 1 });
    expect((await post(`${url}/_sim/latency`, 'x')).status).toBe(400);
    expect(await (await post(`${url}/_sim/faults`, [{ kind: 'nonsense' }])).json()).toMatchObject({
      error: { message: expect.stringContaining('faults') },
    });
    expect((await (await fetch(`${url}/_sim/requests`)).text()).trim().split('\n')).toHaveLength(7);
    expect((await fetch(`${url}/_sim/none`)).status).toBe(404);
    await post(`${url}/_sim/reset`, {});
    expect(await getJson(`${url}/_sim/stats`)).toMatchObject({ requests: 0 });
  } finally {
    await same.close();
  }
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('it takes faults and credentials from files and ends when its parent closes stdin', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  try {
    await writeFile(join(folder, 'faults.json'), '[{"kind":"html","stream":"refunds"}]');
    const { child, url } = await ready([
      '--faults',
      join(folder, 'faults.json'),
      '--auth',
      'bearer',
      '--limit-rate',
      '1000',
      '--limit-burst',
      '50',
      '--prerender',
      '--with-parent',
    ]);
    const headers = { authorization: 'Bearer sim-token' };
    expect((await fetch(`${url}/v1/refunds`, { headers })).headers.get('content-type')).toContain('text/html');
    expect((await fetch(`${url}/v1/refunds`)).status).toBe(401);
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  [['--payments', 'many'], '--payments must be a number'],
  [['--faults', '[{"kind":"nonsense"}]'], 'faults'],
  [['--faults', '[{'], '--faults must be JSON'],
  [['--unknown'], '--unknown'],
])('%j ends with 2 and says why', async (args, words) => {
  const child = program(args);
  let errors = '';
  child.stderr?.on('data', (part: Buffer) => (errors += part.toString()));
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(errors).toContain(words);
  expect(errors).not.toContain('    at ');
});
