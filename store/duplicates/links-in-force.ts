import type { Pool } from 'pg';
import type { RowRef } from '../../core/duplicates.ts';

export interface PlanInForce {
  readonly plan: number;
  readonly settings: unknown;
  readonly weights: unknown;
  /** Itself, and plans that go on with its rules, as far as pairs of them are in force. */
  readonly plans: readonly number[];
}

/** Plans of a name that have pairs in force, each with those that go on with its rules. */
export async function plansInForce(pool: Pool, name: string): Promise<readonly PlanInForce[]> {
  const { rows } = await pool.query<{ plan_id: number; settings: unknown; weights: unknown; plans: readonly number[] }>(
    `select p.plan_id, p.settings, p.weights, f.plans from duplicate_plans p
      join (select coalesce(follows, plan_id) as plan_id, array_agg(plan_id order by plan_id) as plans from duplicate_plans d
          where name = $1 and exists (select from duplicate_links l where l.plan_id = d.plan_id and l.ended_in is null) group by 1) f using (plan_id)
      order by p.plan_id`,
    [name],
  );
  return rows.map(({ plan_id: plan, ...rest }) => ({ plan, ...rest }));
}

export interface LinkInForce {
  readonly plan: number;
  readonly pair: number;
  readonly left: RowRef;
  readonly right: RowRef;
  readonly rule: string;
}

const STEP = 10_000;

/** Pairs of some plans that are in force now, in the order in which they came in force. */
export async function* linksInForce(pool: Pool, plans: readonly number[]): AsyncGenerator<readonly LinkInForce[]> {
  for (let after = '0'; ;) {
    const { rows } = await pool.query<
      { link: string; plan: number; pair: number; rule: string } & Record<string, string>
    >(
      `select l.link_id as link, l.plan_id as plan, l.pair, p.rule, l.left_stream as ls, l.left_row as lr, l.right_stream as rs, l.right_row as rr
        from duplicate_links l join duplicate_pairs p using (plan_id, pair)
        where l.plan_id = any ($1) and l.ended_in is null and l.link_id > $2 order by l.link_id limit ${STEP}`,
      [plans, after],
    );
    yield rows.map(({ plan, pair, rule, ...of }) => ({
      ...{ plan, pair, rule },
      left: { stream: of['ls'] as string, row: of['lr'] as string },
      right: { stream: of['rs'] as string, row: of['rr'] as string },
    }));
    if (rows.length < STEP) return;
    after = rows.at(-1)?.link as string;
  }
}
