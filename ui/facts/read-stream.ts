import type { Approval } from '../../core/approval.ts';
import { readApprovals } from '../../store/approvals.ts';
import { readStandingTables, type StandingTable } from '../../store/comparisons/read-standing.ts';
import { targetsOfStream, type StandingTarget } from '../../store/inspect/troubled-targets.ts';
import { pastRunsOf, quarantineReasons, waitingFor, type PastRun } from '../../store/inspect/stream-history.ts';
import { listReconciliations, type Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { readOverview, type OverviewDeps, type ShownStream } from './read-overview.ts';
import type { ShownDefinition } from './shown-of-definition.ts';
import type { Trouble } from './trouble.ts';

export interface StreamPageFacts {
  readonly at: string;
  readonly stream: ShownStream;
  readonly troubles: readonly Trouble[];
  readonly definition: ShownDefinition | undefined;
  /** The newest first. */
  readonly runs: readonly PastRun[];
  readonly quarantine: Awaited<ReturnType<typeof quarantineReasons>>;
  readonly waiting: Awaited<ReturnType<typeof waitingFor>>;
  readonly targets: readonly ComparedTarget[];
  /** What it asks a person for; null: nothing. */
  readonly approval: Approval | null;
  /** When it was last compared with what the partner has; null: never. */
  readonly compared: Reconciliation | null;
}

export interface ComparedTarget extends StandingTarget {
  /** What comparisons with the store say; null: it was never compared. */
  readonly compared: StandingTable | null;
}

const RUNS = 60;
const REASONS = 15;

/** Undefined: nobody knows of such a stream. */
export async function readStream(
  deps: OverviewDeps,
  of: { readonly partner: string; readonly stream: string },
): Promise<StreamPageFacts | undefined> {
  const { pool, definitions } = deps;
  const definition = (await definitions()).partners.get(of.partner);
  const [overview, runs, quarantine, waiting, targets, approvals, [compared], tables] = await Promise.all([
    readOverview(deps, of),
    pastRunsOf(pool, { ...of, limit: RUNS }),
    quarantineReasons(pool, { ...of, limit: REASONS }),
    waitingFor(pool, of),
    targetsOfStream(pool, of),
    readApprovals(pool, { partner: of.partner }),
    listReconciliations(pool, { ...of, limit: 1 }),
    readStandingTables(pool, of),
  ]);
  const stream = overview.streams.find((one) => one.stream === of.stream);
  if (stream === undefined) return undefined;
  const troubles = overview.troubles.filter((trouble) => trouble.stream === null || trouble.stream === of.stream);
  return {
    at: overview.at,
    stream,
    troubles,
    definition,
    runs,
    quarantine,
    waiting,
    targets: targets.map((target) => ({
      ...target,
      compared: tables.find((one) => one.target === target.target && one.stream === target.stream) ?? null,
    })),
    approval: approvals.find((one) => one.stream === of.stream) ?? null,
    compared: compared ?? null,
  };
}
