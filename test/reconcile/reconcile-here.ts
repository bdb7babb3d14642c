import { pullStream } from '../../activities/pull/pull-stream.ts';
import { listingDeps } from '../../activities/reconcile/listing-deps.ts';
import {
  closeReconcile,
  compareListing,
  confirmFindings,
  planReconcile,
  type ReconcileDeps,
} from '../../activities/reconcile/reconcile.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { postgresReconciler } from '../../landing/reconcile/reconciler.ts';
import { plainNames } from '../../messages/names.ts';
import type { ReconcileInput, ReconcilePlan } from '../../messages/reconcile.ts';
import {
  readFindings,
  readReconciliation,
  type Finding,
  type Reconciliation,
} from '../../store/reconcile/read-reconciliations.ts';
import type { OwnPartner, OwnPartners } from '../support/own-partner.ts';

export interface Reconciled extends Reconciliation {
  readonly each: readonly Finding[];
}

let last = 0;

/** Reconciles a stream of a partner of the test's own: the steps of `reconcileStream`, without Temporal. */
export async function reconcileHere(
  own: OwnPartners,
  partner: OwnPartner,
  {
    stream,
    level = 'content',
    range = null,
    between = () => Promise.resolve(),
  }: Partial<ReconcileInput> & {
    readonly stream: string;
    /** Behind the sync, before the second look. */
    readonly between?: () => Promise<void> | void;
  },
): Promise<Reconciled> {
  const reconciliation = plainNames.reconcileId({ partner: partner.name, stream, label: String(++last) });
  const compiled = (await partner.access(stream)).stream;
  const deps: ReconcileDeps = {
    names: plainNames,
    partners: {
      access: (_, name) => partner.access(name),
      streams: () => Promise.resolve(new Map([[stream, compiled]])),
    },
    reconciler: postgresReconciler(own.pool, postgresWarehouse(own.pool)),
    now: Date.now,
    heartbeatTimeoutMs: 60_000,
  };
  const of = { partner: partner.name, stream, reconciliation };
  const plan = await planReconcile(deps, { ...of, level, range });
  await list(deps, partner, { plan, syncId: `${reconciliation}/1`, stream });
  const { candidates, needsSync } = await compareListing(deps, of);
  if (candidates > 0) {
    if (needsSync) await partner.read(stream, { generation: 1000 + last });
    await between();
    await list(deps, partner, { plan, syncId: `${reconciliation}/2`, stream });
    await confirmFindings(deps, { ...of, synced: true });
  }
  await closeReconcile(deps, { reconciliation, syncedBy: null, broken: null, doubts: [] });
  return {
    ...(await readReconciliation(own.pool, reconciliation)),
    each: await readFindings(own.pool, { id: reconciliation, limit: 10_000 }),
  };
}

async function list(
  deps: ReconcileDeps,
  partner: OwnPartner,
  { plan, syncId, stream }: { readonly plan: ReconcilePlan; readonly syncId: string; readonly stream: string },
): Promise<void> {
  const job = { partner: partner.name, stream, syncId, runId: null, window: plan.window } as const;
  for (;;) {
    const access = await partner.access(stream);
    const result = await pullStream(
      {
        ...(await listingDeps(deps, access, job)),
        accessOf: (other) => partner.access(other),
        failpoint: noFailpoint,
        now: Date.now,
        random: () => 0,
        draining: () => false,
      },
      { ...job, kind: 'reconcile', lane: 'backfill', idleGrants: 0 },
      { signal: new AbortController().signal, writer: { workflowRunId: 'r', attempt: 1 }, heartbeat: () => {} },
    );
    if (result.state === 'done') return;
  }
}
