import type { Pool } from 'pg';
import type { ChangeAction, ChangeScope } from './changes.ts';
import { filterSql, type PairFate, type PairFilter } from './pairs.ts';
import { planOf, type DuplicatePlan, type PlanRow } from './plans.ts';

/** Pairs of a plan that were found by the same rule, with the same proposal. */
export interface PairCounts {
  readonly rule: string;
  readonly found: PairFate;
  readonly pairs: number;
  readonly approved: number;
  readonly rejected: number;
}

export interface CountedPlan {
  readonly plan: DuplicatePlan;
  /** The most pairs first. */
  readonly counts: readonly PairCounts[];
}

/** A plan with its pairs by rule; they are counted once. Undefined: there is no such plan. */
export async function readCounted(pool: Pool, plan: number): Promise<CountedPlan | undefined> {
  const [{ rows: counts }, { rows: found }] = await Promise.all([
    pool.query<PairCounts>(
      `select rule, found, count(*)::integer as pairs, (count(*) filter (where decision = 'merge'))::integer as approved,
          (count(*) filter (where decision = 'no'))::integer as rejected
        from duplicate_pairs where plan_id = $1 group by rule, found order by 3 desc, 1, 2`,
      [plan],
    ),
    pool.query<PlanRow>(
      `select p.*, (select count(*) from duplicate_links where plan_id = p.plan_id and ended_in is null) as applied
        from duplicate_plans p where plan_id = $1`,
      [plan],
    ),
  ]);
  if (found[0] === undefined) return undefined;
  const sum = (of: (each: PairCounts) => number): string => String(counts.reduce((total, each) => total + of(each), 0));
  return {
    plan: planOf({
      ...found[0],
      pairs: sum(({ pairs }) => pairs),
      merge: sum(({ found: fate, pairs }) => (fate === 'merge' ? pairs : 0)),
      approved: sum(({ approved }) => approved),
      rejected: sum(({ rejected }) => rejected),
    }),
    counts,
  };
}

export async function countPairs(
  pool: Pool,
  { plan, filter }: { readonly plan: number; readonly filter: PairFilter },
): Promise<number> {
  const { where, values } = filterSql(filter, 2);
  const { rows } = await pool.query<{ pairs: number }>(
    `select count(*)::integer as pairs from duplicate_pairs p where p.plan_id = $1${where}`,
    [plan, ...values],
  );
  return rows[0]?.pairs ?? 0;
}

/** How many pairs an apply would bring in force, or an undo would end. */
export async function pairsToChange(
  pool: Pool,
  { plan, action, scope }: { readonly plan: number; readonly action: ChangeAction; readonly scope: ChangeScope },
): Promise<number> {
  const { where, values } = filterSql(scope, 2);
  const inForce =
    'exists (select from duplicate_links l where l.plan_id = p.plan_id and l.pair = p.pair and l.ended_in is null)';
  const { rows } = await pool.query<{ pairs: number }>(
    `select count(*)::integer as pairs from duplicate_pairs p where p.plan_id = $1
        and ${action === 'apply' ? `p.decision = 'merge' and not ${inForce}` : inForce}${where}`,
    [plan, ...values],
  );
  return rows[0]?.pairs ?? 0;
}

/** A plan that has pairs which nobody has decided. */
export interface UndecidedPlan {
  readonly plan: number;
  readonly name: string;
  /** ISO. */
  readonly madeAt: string;
}

const LOOKED_AT = 50;

/** The newest first, among the last plans that are ready. */
export async function undecidedPlans(pool: Pool): Promise<readonly UndecidedPlan[]> {
  const { rows } = await pool.query<{ plan: number; name: string; made_at: Date }>({
    name: 'undecided plans',
    text: `select plan_id as plan, name, made_at from (select * from duplicate_plans where state = 'ready' order by plan_id desc limit ${LOOKED_AT}) p
      where exists (select from duplicate_pairs where plan_id = p.plan_id and decision is null) order by plan_id desc`,
  });
  return rows.map(({ made_at, ...plan }) => ({ ...plan, madeAt: made_at.toISOString() }));
}
