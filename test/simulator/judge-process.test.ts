import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startJudge } from '../../simulator/judge/start-judge.ts';
import type { JudgeProcess } from '../../simulator/judge/start-judge.ts';
import { isAlive } from '../support/is-alive.ts';

const judges: JudgeProcess[] = [];
const programs: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(judges.splice(0).map((judge) => judge.close()));
  for (const child of programs.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** What a build makes of it; test/setup.ts has built it. */
const built = new URL('../../dist/simulator/judge/start-judge.js', import.meta.url).href;

describe('a judge in a process of its own', () => {
  test.each([
    ['the sources', () => Promise.resolve({ startJudge })],
    ['dist/', () => import(built) as Promise<{ startJudge: typeof startJudge }>],
  ])('from %s judges, reports, is configured anew and ends when it is closed', async (_, load) => {
    const judge = await (await load()).startJudge({ judges: [{ kind: 'fixedWindow', limit: 2, perMs: 86_400_000 }] });
    judges.push(judge);
    const ask = async () => (await fetch(`${judge.url}/s/a`, { headers: { authorization: 'Bearer t' } })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
    expect(await judge.report()).toMatchObject({ requests: 3, refused: 1, stall: { maxMs: expect.any(Number) } });
    expect((await judge.arrivals()).map(({ status }) => status)).toEqual([200, 200, 429]);
    await judge.configure({});
    expect(await ask()).toBe(200);
    expect(await judge.report()).toMatchObject({ requests: 1, refused: 0 });
    await expect(judge.configure({ pages: -1 })).rejects.toThrow(/400.*pages/);
    await judge.close();
    expect(await isAlive(judge.pid)).toBe(false);
  });

  test('does not start with settings that are wrong, and says which', async () => {
    await expect(startJudge({ judges: [{ kind: 'tokenBucket', rate: -1 }] })).rejects.toThrow(/judges\[0\]\.rate/);
  });
});

/** As a build makes it: it starts in a third of the time of the sources. */
function program(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['dist/simulator/judge/main.js', ...args], { stdio: 'pipe' });
  programs.push(child);
  return child;
}

test('the program prints its address as JSON and ends when its parent closes stdin', async () => {
  const child = program('--config', '{"pages":3}', '--with-parent');
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  expect(JSON.parse(line)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: child.pid });
  child.stdin?.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test.each([
  [['--config', '{"judges":[{"kind":"nonsense"}]}'], 'judges[0].kind'],
  [['--config', '{'], '--config must be JSON'],
  [['--port', 'any'], '--port'],
  [['--unknown'], '--unknown'],
])('%j ends with 2 and says why', async (args, words) => {
  const child = program(...args);
  let errors = '';
  child.stderr?.on('data', (part: Buffer) => (errors += part.toString()));
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(errors).toContain(words);
  expect(errors).not.toContain('    at ');
});
