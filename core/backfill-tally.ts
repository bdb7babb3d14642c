import type { Outcome } from './names.ts';
import { outcomeOfRun } from './outcome.ts';

/** How a backfill stands: small, since it travels from one workflow run to the next. */
export interface BackfillTally {
  /** Place, in the order of reading, of the first window that was not looked at. */
  readonly next: number;
  readonly ok: number;
  readonly partial: number;
  readonly suspect: number;
  readonly failed: number;
  /** Were finished before. */
  readonly skipped: number;
  readonly rows: number;
  readonly requests: number;
  /** Of the windows that have ended, one after the other. */
  readonly tookMs: number;
  readonly failuresInARow: number;
  /** The first ones that are not `ok`. */
  readonly problems: readonly WindowProblem[];
}

export interface WindowProblem {
  readonly window: string;
  readonly outcome: Outcome;
  readonly reason: string;
}

export interface EndedWindow {
  readonly window: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly rows: number;
  readonly requests: number;
  readonly tookMs: number;
}

export const noTally: BackfillTally = {
  next: 0,
  ok: 0,
  partial: 0,
  suspect: 0,
  failed: 0,
  skipped: 0,
  rows: 0,
  requests: 0,
  tookMs: 0,
  failuresInARow: 0,
  problems: [],
};

const SHOWN_PROBLEMS = 20;
const SHOWN_REASON = 200;

export function addWindow(tally: BackfillTally, ended: EndedWindow): BackfillTally {
  const { window, reason } = ended;
  const outcome = ended.outcome === 'deferred' ? 'failed' : ended.outcome;
  const problem = { window, outcome, reason: (reason ?? 'no reason given').slice(0, SHOWN_REASON) };
  return {
    ...tally,
    [outcome]: tally[outcome] + 1,
    rows: tally.rows + ended.rows,
    requests: tally.requests + ended.requests,
    tookMs: tally.tookMs + ended.tookMs,
    failuresInARow: outcome === 'failed' ? tally.failuresInARow + 1 : 0,
    problems: outcome === 'ok' ? tally.problems : [...tally.problems, problem].slice(0, SHOWN_PROBLEMS),
  };
}

export const endedOf = ({ ok, partial, suspect, failed }: BackfillTally): number => ok + partial + suspect + failed;

/** Windows that have not ended: those that run count as left. */
export const leftOf = (tally: BackfillTally, windows: number): number =>
  Math.max(0, windows - endedOf(tally) - tally.skipped);

/** What a window takes, by those that have ended; null while none has. */
export function paceOf(
  tally: BackfillTally,
  concurrency: number,
): { readonly requestsPerWindow: number | null; readonly msPerWindow: number | null } {
  const ended = endedOf(tally);
  if (ended === 0) return { requestsPerWindow: null, msPerWindow: null };
  return { requestsPerWindow: tally.requests / ended, msPerWindow: tally.tookMs / ended / concurrency };
}

/** Of windows alone: green only when each one is. */
export function outcomeOfWindows(tally: BackfillTally): Outcome {
  const each = (['partial', 'suspect', 'failed'] as const).filter((outcome) => tally[outcome] > 0);
  return outcomeOfRun(tally.ok + tally.skipped > 0 ? ['ok', ...each] : each);
}
