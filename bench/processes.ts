import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  /** Peak resident memory in MB, as the kernel has it. */
  peakMb(): Promise<number>;
  /** Time on all processors so far. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** USER_HZ of Linux, in which /proc counts (proc(5)). */
const TICKS_PER_SECOND = 100;

/** Starts a process of the project and waits for a line that says it is ready. */
export async function startChild(input: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ready: RegExp;
}): Promise<Child & { readonly line: string }> {
  const child = spawn(process.execPath, input.args, {
    env: { ...process.env, ...input.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const line = await Promise.race([readyLine(child, input.ready), died(child)]);
  const pid = child.pid as number;
  return {
    line,
    pid,
    peakMb: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    },
    cpuSeconds: async () => {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function readyLine(child: ChildProcess, ready: RegExp): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => ready.test(line) && resolve(line));
  });
}

async function died(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`${child.spawnargs.slice(1, 4).join(' ')} ended with ${code} before it was ready`);
}
