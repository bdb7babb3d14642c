import { readFile } from 'node:fs/promises';

/** Not so for a zombie, which is only an entry that init has not collected yet (proc_pid_stat(5), field 3). */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).includes(') Z ');
}
