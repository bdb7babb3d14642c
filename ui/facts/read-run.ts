import type { Pool } from 'pg';
import type { PersonPause } from '../../core/person-pause.ts';
import { InvalidInput } from '../../core/errors.ts';
import { countCalls, readCalls, type CallCounts, type CallRow } from '../../store/calls/read-calls.ts';
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
  readonly calls: RunCalls;
  /** That a person has ordered for this run. */
  readonly pause: PersonPause | null;
}

/** Calls to the partner: how many, and the last ones that failed. */
export interface RunCalls {
  readonly counts: CallCounts;
  readonly failed: readonly CallRow[];
}

const FAILED = 50;

/** Undefined: the ledger has no such run. */
export async function readRun(pool: Pool, id: string, nowMs = Date.now()): Promise<RunFacts | undefined> {
  try {
    const [shown, timeline, counts, failed] = await Promise.all([
      showRun(pool, id),
      runTimeline(pool, id),
      countCalls(pool, { workflowId: id }),
      readCalls(pool, { workflowId: id, status: 'failed', limit: FAILED }),
    ]);
    const pauses = shown.run?.finishedAt === null ? await readPauses(pool, shown.run.partner) : [];
    const pause = pauses.find(({ scope, target }) => scope === 'run' && target === id) ?? null;
    return { at: new Date(nowMs).toISOString(), id, ...shown, timeline, calls: { counts, failed }, pause };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
