import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { InvalidInput, explain } from '../../core/errors.ts';
import { runJudge } from './run-judge.ts';
import type { JudgeInput } from './settings.ts';

const usage = `Usage: node --import tsx simulator/judge/main.ts [options]

  --config JSON       limits and all else, or the name of a JSON file
  --port N            0 takes a free one (default)
  --with-parent       end when stdin closes
  --help

It prints one line of JSON with its url. docs/simulator.md describes the config and the controls.
`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { config: text, port: text, 'with-parent': flag, help: flag } });
  if (values.help === true) return void process.stdout.write(usage);
  const port = values.port ?? '0';
  if (!/^\d{1,5}$/.test(port)) throw new InvalidInput('--port must be a whole number');
  goFirst();
  const judge = await runJudge((await jsonOf(values.config)) as JudgeInput, { port: Number(port) });

  const end = (): void => {
    judge.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (values['with-parent'] === true) process.stdin.resume().once('close', end).once('error', end);
  process.stdout.write(`${JSON.stringify({ url: judge.url, pid: process.pid })}\n`);
}

/**
 * A real partner has a machine of its own, which our load does not slow down: its stamps should not wait for us. First in the
 * queue of its kind (Linux, root; with two cores kept busy its timers are then 0.2 ms late instead of 18 ms in the worst of
 * hundred); else a better priority; else nothing, and `stall` in the report tells whether the stamps can be trusted.
 */
function goFirst(): void {
  try {
    setPriority(process.pid, -10);
  } catch {
    // Not permitted.
  }
  const asked = ['--all-tasks', '--fifo', '--pid', '1', String(process.pid)];
  if (process.platform === 'linux') spawnSync('chrt', asked, { stdio: 'ignore', timeout: 2000 });
}

async function jsonOf(value = '{}'): Promise<unknown> {
  const content = /^\s*\{/.test(value) ? value : await readFile(value, 'utf8');
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new InvalidInput('--config must be JSON or the name of a JSON file', { cause });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`judge: ${explain(error)}\nSee --help.\n`);
  process.exit(2);
});
