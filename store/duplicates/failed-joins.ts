import type { Pool } from 'pg';

/** Names for which the newest plan that goes on with another one could not be found to its end. Times are ISO. */
export async function readFailedJoins(pool: Pool): Promise<readonly { readonly name: string; readonly at: string }[]> {
  const { rows } = await pool.query<{ name: string; state: string; made_at: Date }>(
    'select distinct on (name) name, state, made_at from duplicate_plans where follows is not null order by name, plan_id desc',
  );
  return rows.flatMap(({ name, state, made_at: at }) => (state === 'failed' ? [{ name, at: at.toISOString() }] : []));
}
