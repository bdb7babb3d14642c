import { spawn } from 'node:child_process';

export interface Guard {
  /** The process ended by itself or was stopped: the guard goes home and touches nothing. */
  release(): void;
}

interface Ward {
  readonly pid: number;
  /** What a clean end looks like to it; SIGKILL follows after ten seconds. */
  readonly signal: 'TERM' | 'QUIT';
  /** A throwaway folder that goes when the process is gone; undefined leaves all data where it is. */
  readonly thenRemove?: string | undefined;
}

// $0 pid, $1 signal, $2 folder. `read` fails at EOF, and EOF comes when we die in whatever way: the kernel closes our end.
// `kill -0` first: a pid that is gone takes no signal, and the loop ends as soon as the process does.
const SCRIPT = `
read line && exit 0
kill -"$1" "$0" 2>/dev/null
i=0
while kill -0 "$0" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
kill -KILL "$0" 2>/dev/null
[ -z "$2" ] || { sleep 0.2; rm -rf -- "$2"; }
`;

/**
 * A server that we start outlives a SIGKILL of this process; a shell that waits on a pipe from us does not let it.
 * Detached, so that a Ctrl-C in the terminal does not end the guard before the server.
 */
export function dieWithParent(ward: Ward): Guard {
  const guard = spawn('/bin/sh', ['-c', SCRIPT, String(ward.pid), ward.signal, ward.thenRemove ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  guard.unref();
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  return { release: () => void guard.stdin.end('done\n') };
}
