import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startChildServer, type ChildServer } from '../../services/child-server.ts';

const PROBE = new URL('probe.mjs', import.meta.url).href;
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PATIENCE_MS = 120_000;

export interface Role {
  readonly pid: number;
  /** Where it listens, of those that do. */
  readonly url: string;
  /** Lines of warnings and errors that it has logged, the last hundred. */
  complaints(): readonly string[];
  /** It ends only when it is told to. */
  readonly running: () => boolean;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** A process of the project as the image starts it, with a probe inside. It ends with this one, however that ends. */
export async function startRole(
  args: readonly string[],
  { env, ready }: { readonly env: Readonly<Record<string, string>>; readonly ready: RegExp },
): Promise<Role> {
  const told = new AbortController();
  const complaints: string[] = [];
  let url = '';
  const child: ChildServer = startChildServer({
    command: process.execPath,
    args: ['--single-threaded-gc', '--expose-gc', '--import', PROBE, PROGRAM, ...args],
    cwd: process.cwd(),
    env,
    stopSignal: 'SIGTERM',
    orphanSignal: 'QUIT',
    onLine: (line) => {
      if (/"level":"?(error|warn|50|40)/.test(line)) complaints.push(line);
      if (complaints.length > 100) complaints.shift();
      if (!ready.test(line)) return;
      url = /"url":"([^"]+)"/.exec(line)?.[1] ?? url;
      told.abort();
    },
  });
  const began = await Promise.race([
    once(told.signal, 'abort').then(() => true),
    child.exited.then(() => false),
    sleep(PATIENCE_MS, false, { ref: false }),
  ]);
  if (!began) {
    await child.kill();
    throw new Error(`syncline ${args.join(' ')} did not begin:\n${child.lastLines()}`);
  }
  return {
    pid: child.pid,
    url,
    complaints: () => complaints,
    running: child.running,
    kill: () => child.kill(),
    stop: () => child.stop(),
  };
}
