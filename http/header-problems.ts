import { HOUR } from '../core/duration.ts';
import type { Reading } from '../core/quota.ts';
import type { Log } from './log.ts';

/** A partner that sends nonsense does so with each answer. */
const REPEAT_MS = HOUR;

export type ReportProblems = (reading: Pick<Reading, 'problems' | 'cut' | 'waitSource' | 'profile'>) => void;

/** Warns of what cannot be believed in a partner's headers, each thing once an hour and process. `nowMs`: monotonic. */
export function headerProblems(
  { log, partner }: { readonly log: Log; readonly partner: string },
  nowMs: () => number = () => performance.now(),
): ReportProblems {
  const saidAtMs = new Map<string, number>();
  return ({ problems, cut, waitSource, profile }) => {
    const all = cut ? [...problems, `${waitSource ?? 'it'} asks for a longer wait than limits.maxWait`] : problems;
    for (const problem of all) {
      const now = nowMs();
      if (now - (saidAtMs.get(problem) ?? -Infinity) < REPEAT_MS) continue;
      saidAtMs.set(problem, now);
      log.warn({ partner, profile, problem }, 'headers of the partner that tell of limits cannot be believed');
    }
  };
}
