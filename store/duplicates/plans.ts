import type { ClientBase, Pool } from 'pg';
import { InvalidInput, RetryLater } from '../../core/errors.ts';
import type { MatchCounts } from '../../core/match-weights.ts';

export type PlanState = 'finding' | 'ready' | 'failed';

/** What finding came to, in numbers. */
export interface PlanCounts extends Partial<MatchCounts> {
  readonly clusters?: number;
  /** Rows of the largest cluster. */
  readonly largest?: number;
  /** Pairs that hold nothing in their cluster. */
  readonly held?: number;
}

export interface LookedAt {
  readonly rows: number;
  /** The last event among them: what comes later is new to the plan. */
  readonly lastEvent: number;
}

export interface DuplicatePlan {
  readonly plan: number;
  /** In duplicates.yaml. */
  readonly name: string;
  readonly workflowId: string;
  /** As they were when it was begun. */
  readonly settings: unknown;
  /** The plan whose rules it goes on with; null: it has its own. */
  readonly follows: number | null;
  readonly by: string;
  /** ISO. */
  readonly madeAt: string;
  readonly state: PlanState;
  readonly weights: unknown;
  readonly lookedAt: Readonly<Record<string, LookedAt>>;
  readonly counts: PlanCounts;
  readonly pairs: number;
  /** Pairs that the thresholds propose to merge; the others are for a person. */
  readonly merge: number;
  readonly approved: number;
  readonly rejected: number;
  readonly undecided: number;
  /** Pairs in force. */
  readonly applied: number;
}

export interface PlanRow {
  readonly plan_id: number;
  readonly name: string;
  readonly workflow_id: string;
  readonly settings: unknown;
  readonly follows: number | null;
  readonly by: string;
  readonly made_at: Date;
  readonly state: PlanState;
  readonly weights: unknown;
  readonly looked_at: Record<string, LookedAt>;
  readonly counts: PlanCounts;
  readonly pairs: string;
  readonly merge: string;
  readonly approved: string;
  readonly rejected: string;
  readonly applied: string;
}

export interface NewPlan {
  readonly name: string;
  readonly workflowId: string;
  readonly settings: unknown;
  readonly follows: number | null;
  readonly by: string;
}

export interface BegunPlan {
  readonly plan: number;
  readonly state: PlanState;
  /** Whoever begins the same plan later takes it: from then on nothing is written with this one. */
  readonly claim: string;
}

/** Begins a plan, or takes over the one that the workflow has begun. What an attempt before has written goes, unless the plan is ready. */
export async function beginPlan(
  client: ClientBase,
  { name, workflowId, settings, follows, by }: NewPlan,
): Promise<BegunPlan> {
  await client.query(
    `insert into duplicate_plans (name, workflow_id, settings, follows, by) values ($1, $2, $3, $4, $5) on conflict (workflow_id) do nothing`,
    [name, workflowId, JSON.stringify(settings), follows, by],
  );
  const { rows } = await client.query<BegunPlan>(
    `update duplicate_plans set claim = gen_random_uuid(), begun_at = clock_timestamp(), state = case when state = 'ready' then state else 'finding' end
      where workflow_id = $1 returning plan_id as plan, state, claim`,
    [workflowId],
  );
  const begun = rows[0] as BegunPlan;
  if (begun.state === 'finding') await client.query('delete from duplicate_pairs where plan_id = $1', [begun.plan]);
  return begun;
}

export interface PlanFound extends Pick<BegunPlan, 'plan' | 'claim'> {
  readonly weights: unknown;
  readonly lookedAt: Readonly<Record<string, LookedAt>>;
  readonly counts: PlanCounts;
}

/**
 * Throws RetryLater where another attempt has taken the plan meanwhile: it may be one that was frozen, that Temporal has given up since, and that does not come
 * to its end. Whoever tries again takes the plan back, or finds it ready.
 */
export async function notePlanReady(
  client: ClientBase | Pool,
  { plan, claim, weights, lookedAt, counts }: PlanFound,
): Promise<void> {
  const { rowCount } = await client.query(
    `update duplicate_plans set state = 'ready', ready_at = clock_timestamp(), weights = $2, looked_at = $3, counts = $4
      where plan_id = $1 and claim = $5 and state = 'finding'`,
    [plan, JSON.stringify(weights), JSON.stringify(lookedAt), JSON.stringify(counts), claim],
  );
  if (rowCount !== 1) throw new RetryLater(`plan ${plan} of duplicates is being found by another attempt`);
}

/** The workflow, which Temporal keeps, says why. */
export async function notePlanFailed(client: ClientBase | Pool, workflowId: string): Promise<void> {
  await client.query(`update duplicate_plans set state = 'failed' where workflow_id = $1 and state = 'finding'`, [
    workflowId,
  ]);
}

/** The newest first. */
export async function listPlans(
  client: ClientBase | Pool,
  { name, plan, limit = 50 }: { readonly name?: string; readonly plan?: number; readonly limit?: number },
): Promise<readonly DuplicatePlan[]> {
  const { rows } = await client.query<PlanRow>(
    `select p.*, c.*, l.* from (select * from duplicate_plans where ($1::text is null or name = $1) and ($2::integer is null or plan_id = $2)
        order by plan_id desc limit $3) p
      cross join lateral (select count(*) as pairs, count(*) filter (where found = 'merge') as merge, count(*) filter (where decision = 'merge') as approved,
          count(*) filter (where decision = 'no') as rejected from duplicate_pairs where plan_id = p.plan_id) c
      cross join lateral (select count(*) as applied from duplicate_links where plan_id = p.plan_id and ended_in is null) l
      order by p.plan_id desc`,
    [name ?? null, plan ?? null, limit],
  );
  return rows.map(planOf);
}

/** Throws InvalidInput where there is none. */
export async function readPlan(client: ClientBase | Pool, plan: number): Promise<DuplicatePlan> {
  const [found] = await listPlans(client, { plan });
  if (found === undefined)
    throw new InvalidInput(`there is no plan ${plan}: \`syncline duplicates list\` shows those there are`);
  return found;
}

/** The plan of a search, by its workflow; undefined: it has none yet. `changed`: it was applied. */
export async function findPlan(
  pool: Pool,
  workflowId: string,
): Promise<(DuplicatePlan & { readonly changed: boolean }) | undefined> {
  const { rows } = await pool.query<{ plan_id: number; changed: boolean }>(
    `select plan_id, exists (select from duplicate_changes c where c.plan_id = p.plan_id and c.ended_at is not null and not c.given_up) as changed
      from duplicate_plans p where workflow_id = $1`,
    [workflowId],
  );
  const [found] = rows;
  return found === undefined ? undefined : { ...(await readPlan(pool, found.plan_id)), changed: found.changed };
}

export const planOf = (row: PlanRow): DuplicatePlan => ({
  plan: row.plan_id,
  name: row.name,
  workflowId: row.workflow_id,
  settings: row.settings,
  follows: row.follows,
  by: row.by,
  madeAt: row.made_at.toISOString(),
  state: row.state,
  weights: row.weights,
  lookedAt: row.looked_at,
  counts: row.counts,
  pairs: Number(row.pairs),
  merge: Number(row.merge),
  approved: Number(row.approved),
  rejected: Number(row.rejected),
  undecided: Number(row.pairs) - Number(row.approved) - Number(row.rejected),
  applied: Number(row.applied),
});
