import type { ClientBase, Pool } from 'pg';
import { GiveUp } from '../../core/errors.ts';
import type { FindingKind } from '../../core/reconcile.ts';

export interface Repair {
  readonly reconciliation: string;
  readonly kinds: readonly FindingKind[];
  /** Findings of these kinds that are open, other than `extra`: what has to be read again. */
  readonly toRead: number;
  readonly from: Date | null;
  readonly to: Date | null;
}

export interface OpenRepair {
  /** Workflow id of the run that lands it. */
  readonly syncId: string;
  readonly reconciliation: string;
  readonly kinds: readonly FindingKind[];
  readonly by: string;
}

/** Records a repair, or finds it again. */
export async function openRepair(pool: Pool, { syncId, reconciliation, kinds, by }: OpenRepair): Promise<void> {
  await pool.query(
    `insert into reconcile_repairs (sync_id, reconciliation, kinds, by) values ($1, $2, $3, $4)
      on conflict (sync_id) do update set state = 'running', reason = null, finished_at = null where reconcile_repairs.state = 'failed'`,
    [syncId, reconciliation, kinds, by],
  );
}

export async function hasRepaired(pool: Pool, syncId: string): Promise<boolean> {
  const { rows } = await pool.query<{ state: string }>('select state from reconcile_repairs where sync_id = $1', [
    syncId,
  ]);
  return rows[0]?.state === 'done';
}

export async function readRepair(client: Pool | ClientBase, syncId: string): Promise<Repair> {
  const { rows } = await client.query<Repair>({
    name: 'read repair',
    text: `select r.reconciliation, r.kinds, l.range_from as "from", l.range_to as "to",
        (select count(*)::integer from reconcile_findings f where f.reconciliation = r.reconciliation and f.state = 'open'
          and f.kind = any (r.kinds) and f.kind <> 'extra') as "toRead"
      from reconcile_repairs r join reconcile_listings l on l.reconciliation = r.reconciliation and l.look = 1 where r.sync_id = $1`,
    values: [syncId],
  });
  if (rows[0] === undefined) throw new GiveUp(`there is no repair ${syncId}`);
  return rows[0];
}

/** Of these keys, those whose findings are to be repaired by reading them again. */
export async function keysToRepair(
  client: Pool | ClientBase,
  { reconciliation, kinds }: Repair,
  keyHashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ key: string }>({
    name: 'keys to repair',
    text: `select key from reconcile_findings where reconciliation = $1 and state = 'open' and kind = any ($2) and kind <> 'extra'
        and key_hash = any ($3)`,
    values: [reconciliation, kinds, keyHashes],
  });
  return new Set(rows.map(({ key }) => key));
}

/** A repair as people see it. Times are ISO. */
export interface PastRepair {
  /** Id of its run. */
  readonly syncId: string;
  readonly kinds: readonly FindingKind[];
  readonly by: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly reason: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

/** The newest first. */
export async function repairsOf(pool: Pool, reconciliation: string): Promise<readonly PastRepair[]> {
  const { rows } = await pool.query<
    Omit<PastRepair, 'startedAt' | 'finishedAt'> & { readonly startedAt: Date; readonly finishedAt: Date | null }
  >(
    `select sync_id as "syncId", kinds, by, state, reason, started_at as "startedAt", finished_at as "finishedAt"
      from reconcile_repairs where reconciliation = $1 order by started_at desc`,
    [reconciliation],
  );
  return rows.map(({ startedAt, finishedAt, ...repair }) => ({
    ...repair,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  }));
}
