import type { Pool } from 'pg';
import type { PersonPause } from '../../core/person-pause.ts';
import { InvalidInput } from '../../core/errors.ts';
import { countCalls, readCalls, type CallCounts, type CallRow } from '../../store/calls/read-calls.ts';
import { showRun, type RunSummary, type StreamDetail } from '../../store/inspect/inspect.ts';
import { grantSums, type StreamWaits } from '../../store/inspect/grant-sums.ts';
import {
  listGrants,
  longestWaits,
  type GrantFilter,
  type GrantRow,
  type LongWait,
} from '../../store/inspect/run-grants.ts';
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
  readonly grants: RunGrants;
  readonly calls: RunCalls;
  /** That a person has ordered for this run. */
  readonly pause: PersonPause | null;
}

/** Calls to the partner: how many, and the last ones that failed. */
export interface RunCalls {
  readonly counts: CallCounts;
  readonly failed: readonly CallRow[];
}

/** Its grants: sums of all, the longest waits, and the last grants that pass the filter. */
export interface RunGrants {
  readonly sums: readonly StreamWaits[];
  readonly longest: readonly LongWait[];
  readonly last: readonly GrantRow[];
  /** There are more that pass. */
  readonly more: boolean;
  readonly asked: AskedGrants;
}

export type AskedGrants = Omit<GrantFilter, 'limit'> & { readonly show?: number | undefined };

const FAILED = 50;
const LONGEST = 60;
const GRANTS = 50;
const MOST_GRANTS = 1000;

/** Undefined: the ledger has no such run. */
export async function readRun(
  pool: Pool,
  id: string,
  { nowMs = Date.now(), asked = {} }: { readonly nowMs?: number; readonly asked?: AskedGrants } = {},
): Promise<RunFacts | undefined> {
  try {
    const [shown, timeline, grants, counts, failed] = await Promise.all([
      showRun(pool, id),
      runTimeline(pool, id),
      readGrants(pool, id, asked),
      countCalls(pool, { workflowId: id }),
      readCalls(pool, { workflowId: id, status: 'failed', limit: FAILED }),
    ]);
    const pauses = shown.run?.finishedAt === null ? await readPauses(pool, shown.run.partner) : [];
    const pause = pauses.find(({ scope, target }) => scope === 'run' && target === id) ?? null;
    return { at: new Date(nowMs).toISOString(), id, ...shown, timeline, grants, calls: { counts, failed }, pause };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

export async function readGrants(pool: Pool, id: string, asked: AskedGrants): Promise<RunGrants> {
  const { show = GRANTS, ...filter } = asked;
  const [sums, longest, { grants, more }] = await Promise.all([
    grantSums(pool, id),
    longestWaits(pool, id, LONGEST),
    listGrants(pool, id, { ...filter, limit: Math.min(show, MOST_GRANTS) }),
  ]);
  return { sums, longest, last: grants, more, asked };
}
