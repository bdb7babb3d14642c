import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { dieWithParent } from './die-with-parent.ts';

export interface ChildServer {
  readonly pid: number;
  /** The last lines it wrote, for error messages. */
  readonly lastLines: () => string;
  readonly running: () => boolean;
  /** Resolves when the process is gone, however it went. */
  readonly exited: Promise<void>;
  /** Asks it to end, insists after ten seconds. Safe to repeat. */
  stop(): Promise<void>;
  /** SIGKILL to it and to every process it started, as a power cut would. For tests of exactly that. */
  kill(): Promise<void>;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Whole environment; ours when absent. */
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** What the guard sends when this process dies without stopping it. */
  readonly orphanSignal: 'TERM' | 'QUIT';
  readonly thenRemove?: string | undefined;
  readonly onLine: (line: string) => void;
}

const STOP_PATIENCE_MS = 10_000;
const KILL_PATIENCE_MS = 2000;

/** Starts a server that ends with us. In a session of its own: a Ctrl-C is ours to order, workers first, servers last. */
export function startChildServer(server: ServerCommand): ChildServer {
  const child = spawn(server.command, server.args, {
    cwd: server.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(server.env === undefined ? {} : { env: { ...server.env } }),
    ...server.user,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      server.onLine(line);
    });
  const running = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const guard =
    child.pid === undefined
      ? undefined
      : dieWithParent({ pid: child.pid, signal: server.orphanSignal, thenRemove: server.thenRemove });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      lines.push(error.message);
      resolve();
    });
  }).then(() => guard?.release());

  return {
    pid: child.pid ?? -1,
    lastLines: () => lines.join('\n'),
    running,
    exited,
    stop: async () => {
      if (running()) child.kill(server.stopSignal);
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      await exited;
      clearTimeout(insist);
    },
    kill: async () => {
      const family = child.pid === undefined ? [] : await childrenOf(child.pid);
      child.kill('SIGKILL');
      for (const pid of family) signal(pid, 'SIGKILL');
      await exited;
      const patience = AbortSignal.timeout(KILL_PATIENCE_MS);
      while (!patience.aborted && (await anyAlive(family))) await wait(10);
    },
  };
}

async function childrenOf(parent: number): Promise<readonly number[]> {
  const ps = spawn('ps', ['-A', '-o', 'pid=,ppid='], { stdio: ['ignore', 'pipe', 'ignore'] });
  let table = '';
  ps.stdout.on('data', (chunk) => (table += String(chunk)));
  // Without `ps` (slim images) only the server itself is killed; PostgreSQL's processes follow it by themselves.
  await new Promise((resolve) => ps.once('close', resolve).once('error', resolve));
  return table
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

async function anyAlive(pids: readonly number[]): Promise<boolean> {
  for (const pid of pids) {
    // Dead but not yet collected by init counts as gone: field 3 of proc_pid_stat(5).
    const zombie = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).includes(') Z ');
    if (!zombie && signal(pid, 0)) return true;
  }
  return false;
}

/** Whether there was a process to signal. */
function signal(pid: number, name: 'SIGKILL' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
