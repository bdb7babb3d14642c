import type { Pool } from 'pg';
import type { PersonPause } from '../../core/person-pause.ts';
import { InvalidInput } from '../../core/errors.ts';
import { showRun, type RunSummary, type StreamDetail } from '../../store/inspect/inspect.ts';
import { readPauses } from '../../store/pauses.ts';
import { runTimeline, type StreamTimeline } from '../../store/inspect/run-timeline.ts';

export interface RunFacts {
  /** ISO. */
  readonly at: string;
  /** As it was asked for: a run of a partner, or of one stream. */
  readonly id: string;
  readonly run: RunSummary | null;
  readonly streams: readonly StreamDetail[];
  readonly timeline: readonly StreamTimeline[];
  /** That a person has ordered for this run. */
  readonly pause: PersonPause | null;
}

/** Undefined: the ledger has no such run. */
export async function readRun(pool: Pool, id: string, nowMs = Date.now()): Promise<RunFacts | undefined> {
  try {
    const [shown, timeline] = await Promise.all([showRun(pool, id), runTimeline(pool, id)]);
    const pauses = shown.run?.finishedAt === null ? await readPauses(pool, shown.run.partner) : [];
    const pause = pauses.find(({ scope, target }) => scope === 'run' && target === id) ?? null;
    return { at: new Date(nowMs).toISOString(), id, ...shown, timeline, pause };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
