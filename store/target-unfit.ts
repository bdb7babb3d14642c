import type { Pool } from 'pg';
import { noUnfit, type UnfitEvents } from '../core/unfit-events.ts';
import type { TargetPlace } from './target-states.ts';

/** One of a stream's tables in a target, by the id that it was made with: the live one, or one beside. */
export interface TableInTarget extends TargetPlace {
  readonly table: string;
}

/** What a table lacks, as it was last noted. */
export async function readUnfit(pool: Pool, { target, partner, stream, table }: TableInTarget): Promise<UnfitEvents> {
  const { rows } = await pool.query<{ unfit: UnfitEvents | null }>(
    'select unfit -> $4 as unfit from target_states where (target, partner, stream) = ($1, $2, $3)',
    [target, partner, stream, table],
  );
  return rows[0]?.unfit ?? noUnfit;
}

export async function noteUnfit(
  pool: Pool,
  { target, partner, stream, table, unfit }: TableInTarget & { readonly unfit: UnfitEvents },
): Promise<void> {
  const note = unfit.count === 0 ? {} : { [table]: unfit };
  await pool.query(
    `insert into target_states as t (target, partner, stream, unfit) values ($1, $2, $3, $5)
      on conflict (target, partner, stream) do update set unfit = (t.unfit - $4) || excluded.unfit`,
    [target, partner, stream, table, JSON.stringify(note)],
  );
}

/** Another table is live. Notes of tables that there are no longer go. */
export async function noteLive(
  pool: Pool,
  { target, partner, stream, table, tables }: TableInTarget & { readonly tables: readonly string[] },
): Promise<void> {
  await pool.query(
    `update target_states t set table_id = $4, unfit = coalesce(
        (select jsonb_object_agg(n.key, n.value) from jsonb_each(t.unfit) n where n.key = any ($5)), '{}')
      where (target, partner, stream) = ($1, $2, $3)`,
    [target, partner, stream, table, tables],
  );
}

/** Which of some events each target's live table lacks, by the target's name. */
export async function unfitAmong(
  pool: Pool,
  { partner, stream, events }: Omit<TargetPlace, 'target'> & { readonly events: readonly number[] },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const { rows } = await pool.query<{ target: string; events: number[] }>(
    `select target, array_agg(e.event::float8) as events from target_states t,
        jsonb_array_elements_text(t.unfit -> t.table_id -> 'events') as e(event)
      where partner = $1 and stream = $2 and e.event::bigint = any ($3) group by target`,
    [partner, stream, events],
  );
  return new Map(rows.map((row) => [row.target, row.events]));
}
