import { addCounts, noCounts } from '../core/counts.ts';
import { MINUTE } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import type { Lane } from '../core/names.ts';
import { outcomeOfRun, reasonOfRun } from '../core/outcome.ts';
import { parseWindow } from '../core/window.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Partner } from '../definitions/definition.ts';
import { isPushOnly } from '../definitions/push.ts';
import type { GrantTimes } from '../messages/grant.ts';
import type { PlanRunInput, RunPlan, CloseRunInput } from '../messages/plan-run.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import type { ActivityDeps } from './activity-deps.ts';

const laneOrder = { critical: 0, normal: 1, backfill: 2 } as const satisfies Record<Lane, number>;

/** Reads the definition, records the run and says which streams to start, in which order. */
export async function planRun(deps: ActivityDeps, input: PlanRunInput): Promise<RunPlan> {
  parseWindow(input.window);
  const all = await deps.partners.streams(input.partner);
  const pulled = [...all.values()].filter(({ definition }) => !isPushOnly(definition)).map(({ name }) => name);
  const wanted = input.streams.length === 0 ? pulled : input.streams;
  const chosen = wanted.map((name) => all.get(name) ?? unknown(input.partner, name, all));
  expectPulled(input.partner, chosen);
  const streams = chosen
    .map((stream) => ({
      stream: stream.name,
      lane: input.kind === 'backfill' ? ('backfill' as const) : stream.definition.lane,
      after: needed(stream, wanted),
    }))
    .toSorted((a, b) => laneOrder[a.lane] - laneOrder[b.lane]);
  await deps.warehouse.openRun({
    runId: input.runId,
    partner: input.partner,
    kind: input.kind,
    windowLabel: input.window,
    generation: input.generation,
    streams: streams.map(({ stream }) => stream),
    workflowRunId: input.workflowRunId,
  });
  return { streams, times: grantTimes((chosen[0] as CompiledStream).partner, deps) };
}

export function grantTimes(
  { grant, timeout, retry }: Partner,
  { heartbeatTimeoutMs }: Pick<ActivityDeps, 'heartbeatTimeoutMs'>,
): GrantTimes {
  return {
    // The last request may begin just before the grant's time is over; its write comes after that.
    startToCloseMs: grant.time + 2 * timeout + 5 * MINUTE,
    heartbeatTimeoutMs,
    maxIdleGrants: retry.attempts * 3,
  };
}

function needed(stream: CompiledStream, wanted: readonly string[]): string | null {
  // What is gone is asked for behind what is there: a record that was read just before it went does not come back.
  const need = stream.definition.parent?.stream ?? stream.definition.deletes?.of;
  return need !== undefined && wanted.includes(need) ? need : null;
}

function expectPulled(partner: string, chosen: readonly CompiledStream[]): void {
  const pushed = chosen.find(({ definition }) => isPushOnly(definition));
  if (pushed !== undefined)
    throw new InvalidInput(
      `stream ${pushed.name} of ${partner} has no path: its records are only pushed, and there is nothing to ask for`,
    );
  if (chosen.length === 0)
    throw new InvalidInput(
      `no stream of ${partner} has a path: records are only pushed, and there is nothing to ask for`,
    );
}

function unknown(partner: string, name: string, all: ReadonlyMap<string, CompiledStream>): never {
  throw new InvalidInput(
    `partner ${partner} has no stream ${JSON.stringify(name)}: it has ${[...all.keys()].join(', ')}`,
  );
}

/** Ends a run: its outcome from those of its streams. */
export async function closeRun(
  deps: Pick<ActivityDeps, 'warehouse'>,
  { runId, reports: told }: CloseRunInput,
): Promise<RunReport> {
  const reports = await Promise.all(told.map(async (report) => asItStands(deps, report)));
  const outcome = outcomeOfRun(reports.map((report) => report.outcome ?? 'failed'));
  const reason = reasonOfRun(reports);
  await deps.warehouse.closeRun({ runId, outcome, reason });
  return {
    runId,
    outcome,
    reason,
    counts: reports.map(({ counts }) => counts).reduce(addCounts, noCounts),
    streams: reports,
  };
}

/** What a stream had in quarantine may have gone through while the others were being read. */
async function asItStands({ warehouse }: Pick<ActivityDeps, 'warehouse'>, report: StreamReport): Promise<StreamReport> {
  if (report.state !== 'done' || report.counts.quarantined === 0) return report;
  return (await warehouse.streamReport(report.syncId)) ?? report;
}

/** Failed or cancelled: the ledger keeps the checkpoint, and says why. */
export async function failStream(
  deps: ActivityDeps,
  input: { readonly syncId: string; readonly stream: string; readonly reason: string },
): Promise<StreamReport | null> {
  const report = await deps.warehouse.failStream(input);
  if (report !== null)
    deps.metrics?.streamEnded({ partner: deps.names.partnerOfId(input.syncId), stream: input.stream }, 'failed');
  return report;
}
