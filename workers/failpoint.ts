import type { Failpoint } from '../core/failpoint.ts';

/** `NAME` or `NAME:COUNT`: the process ends by SIGKILL when it passes that point (for the COUNTth time). Tests only. */
export function killingFailpoint(rule: string | undefined): Failpoint {
  if (rule === undefined) return () => {};
  const [name, count = '1'] = rule.split(':');
  let left = Number(count);
  return (passed) => {
    if (passed !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
