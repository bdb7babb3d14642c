import type { Pool } from 'pg';
import { describePause, type PersonPause } from '../../core/person-pause.ts';
import { openRuns, openStreamRuns } from './open-runs.ts';

/** What each open run of a partner shows of what people have paused. */
export async function pausesByRun(
  pool: Pool,
  partner: string,
  pauses: readonly PersonPause[],
): Promise<readonly { readonly runId: string; readonly pauses: readonly string[] }[]> {
  const [runs, streams] = await Promise.all([openRuns(pool, partner), openStreamRuns(pool, { partner })]);
  return runs.map((runId) => {
    const own = new Set(streams.filter((stream) => stream.runId === runId).map(({ syncId }) => syncId));
    const concerns = ({ scope, target }: PersonPause): boolean =>
      scope === 'partner' || target === runId || own.has(target);
    return { runId, pauses: pauses.filter(concerns).map(describePause) };
  });
}
