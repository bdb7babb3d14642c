import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { LookedAt } from './plans.ts';

export interface PlanToFollow {
  readonly plan: number;
  readonly settings: unknown;
  readonly weights: unknown;
  /** By stream: the last event that it, or a plan that went on with it, has looked at. */
  readonly since: ReadonlyMap<string, number>;
}

/** The newest plan in force, whose rules hold for rows that came later. Throws InvalidInput where none is. */
export async function goesOnWith(pool: Pool, name: string): Promise<PlanToFollow> {
  const found = await planInForce(pool, name);
  if (found !== undefined) return found;
  throw new InvalidInput(
    `no plan of ${name} is in force, so nothing says by what rules new rows join: make one (\`syncline duplicates plan ${name}\`), approve it and apply it`,
  );
}

/** undefined: none is. */
export async function planInForce(pool: Pool, name: string): Promise<PlanToFollow | undefined> {
  const { rows } = await pool.query<{
    plan_id: number;
    settings: unknown;
    weights: unknown;
    looked_at: Record<string, LookedAt>[];
  }>(
    `select p.plan_id, p.settings, p.weights, (select json_agg(f.looked_at) from duplicate_plans f
          where f.state = 'ready' and (f.plan_id = p.plan_id or f.follows = p.plan_id)) as looked_at
      from duplicate_plans p where p.name = $1 and p.follows is null and p.state = 'ready'
        and exists (select from duplicate_links l where l.plan_id = p.plan_id and l.ended_in is null)
      order by p.plan_id desc limit 1`,
    [name],
  );
  const found = rows[0];
  if (found === undefined) return undefined;
  const since = new Map<string, number>();
  for (const looked of found.looked_at)
    for (const [stream, { lastEvent }] of Object.entries(looked))
      since.set(stream, Math.max(since.get(stream) ?? 0, lastEvent));
  return { plan: found.plan_id, settings: found.settings, weights: found.weights, since };
}

/** Approves, of a plan that goes on with another one, what joins clusters that are merged. Returns how many pairs. */
export async function approveJoining(
  pool: Pool,
  { plan, by, reason }: { readonly plan: number; readonly by: string; readonly reason: string },
): Promise<number> {
  const { rowCount } = await pool.query(
    `update duplicate_pairs p set decision = 'merge', decided_by = $2, decided_at = clock_timestamp(), reason = $3
      where p.plan_id = $1 and p.found = 'merge' and p.held is null and p.decision is null and p.cluster in (
        select n.cluster from duplicate_pairs n join duplicate_plans d using (plan_id) join duplicate_members m on m.name = d.name
            and ((m.stream = n.left_stream and m.row = n.left_row) or (m.stream = n.right_stream and m.row = n.right_row))
          where n.plan_id = $1)`,
    [plan, by, reason],
  );
  return rowCount ?? 0;
}
