import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { showRun, type RunSummary, type StreamDetail } from '../../store/inspect/inspect.ts';
import { runTimeline, type StreamTimeline } from '../../store/inspect/run-timeline.ts';

export interface RunFacts {
  /** ISO. */
  readonly at: string;
  /** As it was asked for: a run of a partner, or of one stream. */
  readonly id: string;
  readonly run: RunSummary | null;
  readonly streams: readonly StreamDetail[];
  readonly timeline: readonly StreamTimeline[];
}

/** Undefined: the ledger has no such run. */
export async function readRun(pool: Pool, id: string, nowMs = Date.now()): Promise<RunFacts | undefined> {
  try {
    const [shown, timeline] = await Promise.all([showRun(pool, id), runTimeline(pool, id)]);
    return { at: new Date(nowMs).toISOString(), id, ...shown, timeline };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
