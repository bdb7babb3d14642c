import { pullStream } from '../../activities/pull/pull-stream.ts';
import { readingDeps } from '../../activities/reconcile/listing-deps.ts';
import {
  closeReconcile,
  compareListing,
  confirmFindings,
  planReconcile,
  type ReconcileDeps,
} from '../../activities/reconcile/reconcile.ts';
import { askKeys } from '../../activities/reconcile/ask-keys.ts';
import { closeRepair, planRepair } from '../../activities/reconcile/repair.ts';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import type { FindingKind } from '../../core/reconcile.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { postgresReconciler } from '../../landing/reconcile/reconciler.ts';
import type { GrantInput, GrantResult } from '../../messages/grant.ts';
import { plainNames } from '../../messages/names.ts';
import type { AskKeysInput, ReconcileInput, RepairReport } from '../../messages/reconcile.ts';
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

export interface Here {
  readonly own: OwnPartners;
  readonly partner: OwnPartner;
  readonly stream: string;
  /** What a worker dies at; the next one goes on. */
  readonly failpoint?: Failpoint;
}

type Deps = ReconcileDeps & { readonly warehouse: ReturnType<typeof postgresWarehouse> };

function depsOf({ own, partner }: Here): Deps {
  const warehouse = postgresWarehouse(own.pool);
  return {
    names: plainNames,
    partners: {
      access: (_, name) => partner.access(name),
      streams: () => partner.streams(),
    },
    warehouse,
    reconciler: postgresReconciler(own.pool, warehouse),
    now: Date.now,
    heartbeatTimeoutMs: 60_000,
  };
}

let last = 0;

/** Reconciles a stream of a partner of the test's own: the steps of `reconcileStream`, without Temporal. */
export async function reconcileHere(
  here: Here,
  {
    level = 'content',
    range = null,
    sample = null,
    label = String(++last),
  }: Partial<ReconcileInput> & { readonly label?: string } = {},
): Promise<Reconciled> {
  const { own, partner, stream } = here;
  const reconciliation = plainNames.reconcileId({ partner: partner.name, stream, label });
  const deps = depsOf(here);
  const of = { partner: partner.name, stream, reconciliation };
  const { window, looks } = await planReconcile(deps, { ...of, level, range, sample });
  const look = async (which: 1 | 2, byKey: boolean): Promise<void> => {
    const syncId = looks[which - 1] as string;
    if (byKey) await askAll(deps, here, { ...of, look: which, syncId });
    else await readAll(deps, here, { kind: 'reconcile', syncId, window });
  };
  await look(1, sample !== null);
  const { candidates, needsSync, byKey } = await compareListing(deps, of);
  if (candidates > 0) {
    if (needsSync) await partner.read(stream, { generation: 1000 + last });
    await look(2, byKey);
    await confirmFindings(deps, { ...of, synced: true });
  }
  await closeReconcile(deps, { reconciliation, syncedBy: null, broken: null, doubts: [] });
  return {
    ...(await readReconciliation(own.pool, reconciliation)),
    each: await readFindings(own.pool, { id: reconciliation, limit: 10_000 }),
  };
}

/** As by a worker that was frozen at its first look, while others went on. Returns the findings then. */
export async function compareLate(here: Here, { id }: Reconciled): Promise<readonly Finding[]> {
  const { own, partner, stream } = here;
  await compareListing(depsOf(here), { partner: partner.name, stream, reconciliation: id });
  return readFindings(own.pool, { id, limit: 10_000 });
}

/** A reconciliation that fails after its first grant, with what it has read until then. */
export async function breakOff(here: Here, label: string): Promise<void> {
  const { partner, stream } = here;
  const deps = depsOf(here);
  const reconciliation = plainNames.reconcileId({ partner: partner.name, stream, label });
  const of = { partner: partner.name, stream, reconciliation, level: 'content', range: null, sample: null } as const;
  const { window, looks } = await planReconcile(deps, of);
  await grantOf(deps, here, { kind: 'reconcile', syncId: looks[0], window }, 1).catch(() => {});
  await closeReconcile(deps, { reconciliation, syncedBy: null, broken: 'it died', doubts: [] });
}

/** Repairs findings: the steps of `repairStream`. Returns undefined where a person has to look at it first. */
export async function repairHere(
  here: Here,
  reconciliation: string,
  kinds: readonly FindingKind[] = ['missing', 'stale', 'different'],
): Promise<RepairReport | undefined> {
  const { partner, stream } = here;
  const deps = depsOf(here);
  const of = { partner: partner.name, stream };
  const { syncId, window } = await planRepair(deps, { ...of, reconciliation, kinds, by: 'test' });
  const ended = await readAll(deps, here, { kind: 'repair', syncId, window });
  return ended.state === 'done' ? closeRepair(deps, { ...of, syncId, broken: null }) : undefined;
}

/** Grant after grant, also where one dies. Ends, too, where it waits. */
async function readAll(
  deps: Deps,
  here: Here,
  of: Pick<GrantInput, 'kind' | 'syncId' | 'window'>,
): Promise<GrantResult> {
  const { failpoint = noFailpoint } = here;
  for (let grants = 0; grants < 500; grants++) {
    const grant = grantOf(deps, here, of, grants + 1);
    const ended = failpoint === noFailpoint ? await grant : await grant.catch(() => undefined);
    if (ended?.state === 'done' || (ended?.state === 'deferred' && ended.reason !== 'failure')) return ended;
  }
  throw new Error(`${of.syncId} did not end in 500 grants`);
}

async function askAll(deps: Deps, { failpoint = noFailpoint }: Here, of: Omit<AskKeysInput, 'idle'>): Promise<void> {
  for (let grants = 0; grants < 500; grants++) {
    const grant = askKeys(
      { ...deps, failpoint, random: () => 0, draining: () => false },
      { ...of, idle: 0 },
      {
        signal: new AbortController().signal,
        writer: { workflowRunId: 'r', attempt: grants + 1 },
        heartbeat: () => {},
      },
    );
    const asked = failpoint === noFailpoint ? await grant : await grant.catch(() => undefined);
    if (asked?.state === 'done') return;
  }
  throw new Error(`${of.syncId} did not end in 500 grants`);
}

async function grantOf(
  deps: Deps,
  { partner, stream, failpoint = noFailpoint }: Here,
  of: Pick<GrantInput, 'kind' | 'syncId' | 'window'>,
  attempt: number,
): Promise<GrantResult> {
  const job = { ...of, partner: partner.name, stream, runId: null, lane: 'backfill', idleGrants: 0 } as const;
  return pullStream(
    {
      ...(await readingDeps(deps, await partner.access(stream), job)),
      accessOf: (other) => partner.access(other),
      failpoint,
      now: Date.now,
      random: () => 0,
      draining: () => false,
    },
    job,
    { signal: new AbortController().signal, writer: { workflowRunId: 'r', attempt }, heartbeat: () => {} },
  );
}
