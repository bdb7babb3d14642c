import { isDeepStrictEqual } from 'node:util';
import { noCounts } from '../core/counts.ts';
import { InvalidInput } from '../core/errors.ts';
import { nextReading } from '../messages/retry-ids.ts';
import type { RetryOf, RetryPlan } from '../messages/retry.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import type { RetryBasis } from '../store/ledger/ledger.ts';
import { closeRun, grantTimes } from './control.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** One that failed on its way goes on from its checkpoint; one that was read to its end is read once more. */
export async function planRetry(deps: ActivityDeps, { runId, stream }: RetryOf): Promise<RetryPlan> {
  const { partner, kind, window, generation, reports } = await basisOf(deps, runId);
  const all = await deps.partners.streams(partner);
  const defined = all.get(stream);
  if (defined === undefined)
    throw new InvalidInput(
      `partner ${partner} has no stream ${JSON.stringify(stream)}: it has ${[...all.keys()].join(', ')}`,
    );
  const last = reports.find((report) => report.stream === stream);
  const syncId =
    last === undefined
      ? deps.names.streamSyncId({ partner, stream, window, generation })
      : last.state === 'done'
        ? nextReading(last.syncId)
        : last.syncId;
  const lane = kind === 'backfill' ? 'backfill' : defined.definition.lane;
  return {
    job: { partner, stream, syncId, runId, window, kind, lane },
    times: grantTimes(defined.partner, deps),
  };
}

/**
 * The run's outcome from how its streams stand now. Another stream of it may be read once more at the same time, and end just then: whoever writes last looks
 * whether what it wrote still holds.
 */
export async function closeRetry(
  deps: Pick<ActivityDeps, 'warehouse' | 'names'>,
  { runId }: { readonly runId: string },
): Promise<RunReport> {
  let reports = await reportsOf(deps, runId);
  for (;;) {
    const report = await closeRun(deps, { runId, reports });
    const since = await reportsOf(deps, runId);
    if (isDeepStrictEqual(since.map(endOf), reports.map(endOf))) return report;
    reports = since;
  }
}

const endOf = ({ stream, syncId, state, outcome, reason }: StreamReport): object => ({
  stream,
  syncId,
  state,
  outcome,
  reason,
});

async function reportsOf(
  deps: Pick<ActivityDeps, 'warehouse' | 'names'>,
  runId: string,
): Promise<readonly StreamReport[]> {
  const basis = await basisOf(deps, runId);
  return basis.streams.map(
    (stream) => basis.reports.find((report) => report.stream === stream) ?? neverBegun(deps, basis, stream),
  );
}

async function basisOf(deps: Pick<ActivityDeps, 'warehouse'>, runId: string): Promise<RetryBasis> {
  const basis = await deps.warehouse.retryBasis(runId);
  if (basis === undefined) throw new InvalidInput(`the ledger has no run ${runId}`);
  return basis;
}

function neverBegun(
  { names }: Pick<ActivityDeps, 'names'>,
  { partner, window, generation }: RetryBasis,
  stream: string,
): StreamReport {
  return {
    stream,
    syncId: names.streamSyncId({ partner, stream, window, generation }),
    state: 'failed',
    outcome: 'failed',
    reason: 'has not been read',
    counts: noCounts,
    removed: 0,
    pages: 0,
    requests: 0,
  };
}
