import { DAY } from '../../core/duration.ts';
import { dayOf } from '../../core/window.ts';
import type {
  CloseReconcileInput,
  ComparedListing,
  ConfirmInput,
  PlanReconcileInput,
  ReconcilePlan,
  ReconcileReport,
} from '../../messages/reconcile.ts';
import type { Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { grantTimes } from '../control.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { streamOf } from './stream-of.ts';
import { fetchOf } from '../../definitions/fetch-of.ts';
import { expectComparable, expectFetchable } from '../../definitions/expect-comparable.ts';

export type ReconcileDeps = Pick<ActivityDeps, 'names' | 'partners' | 'reconciler' | 'now' | 'heartbeatTimeoutMs'>;

export type ComparedPlace = Pick<PlanReconcileInput, 'partner' | 'stream' | 'reconciliation'>;

/** Checks that the stream can be compared, and records the reconciliation. */
export async function planReconcile(deps: ReconcileDeps, input: PlanReconcileInput): Promise<ReconcilePlan> {
  const { partner, level, range, sample, reconciliation } = input;
  const stream = await streamOf(deps.partners, input);
  expectComparable(stream, input);
  if (sample !== null) expectFetchable(stream, await fetchOfStream(deps, input));
  await deps.reconciler.open({ stream, reconciliation, level, range, sample });
  const today = dayOf(deps.now());
  const label = reconciliation.slice(reconciliation.lastIndexOf('/') + 1);
  return {
    looks: [`${reconciliation}/1`, `${reconciliation}/2`],
    // A range stands for itself: it reads all parents, and from their beginnings.
    window: range === null ? `1970-01-01..${dayOf(deps.now() + DAY)}` : `${range.from}..${range.to}`,
    sync: {
      window: today,
      syncId: `${deps.names.streamSyncId({ partner, stream: input.stream, window: today, generation: 1 })}/reconcile/${label}`,
    },
    times: grantTimes(stream.partner, deps),
  };
}

/** More are looked at by a second listing. */
const MOST_BY_KEY = 200;

const fetchOfStream = async ({ partners }: ReconcileDeps, { partner, stream }: ComparedPlace) =>
  fetchOf(await partners.streams(partner), stream);

/** What the first listing shows. */
export async function compareListing(deps: ReconcileDeps, input: ComparedPlace): Promise<ComparedListing> {
  const stream = await streamOf(deps.partners, input);
  const { candidates, extras } = await deps.reconciler.compare({ stream, reconciliation: input.reconciliation });
  const { incremental, deletes, disposition } = stream.definition;
  const learnsDeletes = deletes !== undefined || disposition === 'replace';
  return {
    candidates,
    byKey: candidates <= MOST_BY_KEY && (await fetchOfStream(deps, input)) !== undefined,
    needsSync: incremental === undefined || (extras > 0 && learnsDeletes),
  };
}

export async function confirmFindings(deps: ReconcileDeps, input: ConfirmInput): Promise<void> {
  const stream = await streamOf(deps.partners, input);
  await deps.reconciler.confirm({ ...input, stream });
}

export async function closeReconcile(deps: ReconcileDeps, input: CloseReconcileInput): Promise<ReconcileReport> {
  return reported(await deps.reconciler.close(input));
}

export function reported({ id, state, verdict, reason, seen, inFlight, findings }: Reconciliation): ReconcileReport {
  const of = (wanted: string): number =>
    findings.reduce((sum, { state: each, count }) => sum + (each === wanted ? count : 0), 0);
  return {
    reconciliation: id,
    state,
    verdict,
    reason,
    seen,
    open: of('open'),
    explained: of('explained'),
    unproven: of('unproven'),
    inFlight: inFlight ?? 0,
  };
}
