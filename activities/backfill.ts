import { leftOf, outcomeOfWindows, type BackfillTally } from '../core/backfill-tally.ts';
import { cutWindows } from '../core/cut-windows.ts';
import { InvalidInput } from '../core/errors.ts';
import { byWindow, syncIdToRead } from '../core/window-runs.ts';
import { checkBackfill } from '../definitions/check-backfill.ts';
import { allowancesOf } from '../limits/declare/allowances.ts';
import type { BackfillReport } from '../messages/backfill.ts';
import type { NextWindowsInput, WindowToRead, NextWindows } from '../messages/next-windows.ts';
import type { PlanBackfillInput, PlannedBackfill, CloseBackfillInput } from '../messages/plan-backfill.ts';
import { grantTimes } from './control.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** Checks that the stream can be read window by window, and records the backfill. */
export async function planBackfill(deps: ActivityDeps, input: PlanBackfillInput): Promise<PlannedBackfill> {
  const streams = await deps.partners.streams(input.partner);
  const stream = streams.get(input.stream);
  if (stream === undefined)
    throw new InvalidInput(
      `partner ${input.partner} has no stream ${JSON.stringify(input.stream)}: it has ${[...streams.keys()].join(', ')}`,
    );
  checkBackfill(stream);
  const windows = cutWindows(input.plan).length;
  await deps.warehouse.openBackfill({ ...input, windows });
  return { windows, times: grantTimes(stream.partner, deps), allowances: allowancesOf(stream) };
}

const ASKED_AT_ONCE = 500;

/** The next windows that are not finished, by the ledger: whoever finished the others. */
export async function nextWindows(deps: ActivityDeps, input: NextWindowsInput): Promise<NextWindows> {
  const { partner, stream, plan, tally, limit } = input;
  await deps.warehouse.noteBackfill(input.runId, tally);
  const all = cutWindows(plan);
  const windows: WindowToRead[] = [];
  let skipped = 0;
  let place = tally.next;
  while (place < all.length && windows.length < limit) {
    const asked = all.slice(place, place + ASKED_AT_ONCE);
    const runs = byWindow(await deps.warehouse.windowRuns({ partner, stream, windows: asked }));
    for (const window of asked) {
      if (windows.length === limit) break;
      const syncId = syncIdToRead(deps.names, input, window, runs.get(window) ?? []);
      if (syncId === null) skipped += 1;
      else {
        windows.push({ place, window, syncId, skippedBefore: skipped });
        skipped = 0;
      }
      place += 1;
    }
  }
  return { windows, skippedAfter: skipped, next: place };
}

/** Ends a backfill: its outcome from those of its windows. One that was broken off has failed, whatever it has read. */
export async function closeBackfill(deps: ActivityDeps, input: CloseBackfillInput): Promise<BackfillReport> {
  const { runId, tally, windows, broken } = input;
  const outcome = broken === null ? outcomeOfWindows(tally) : 'failed';
  const reason = [...(broken === null ? [] : [broken]), ...describeProblems(tally)].join('; ') || null;
  await deps.warehouse.noteBackfill(runId, tally);
  await deps.warehouse.closeRun({ runId, outcome, reason });
  return { ...tally, runId, windows, left: leftOf(tally, windows), outcome, reason };
}

function describeProblems(tally: BackfillTally): string[] {
  return (['failed', 'suspect', 'partial'] as const).flatMap((outcome) => {
    const first = tally.problems.find((problem) => problem.outcome === outcome);
    if (tally[outcome] === 0) return [];
    const count = `${tally[outcome]} of its windows ${outcome}`;
    return [first === undefined ? count : `${count}, the first of them ${first.window}: ${first.reason}`];
  });
}
