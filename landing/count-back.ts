import type { Pool } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** How many rows that were removed as duplicates are in their table again. */
export async function countBack(
  pool: Pool,
  { stream, removal }: { readonly stream: CompiledStream; readonly removal: number },
): Promise<number> {
  const { rows } = await pool.query<{ back: string }>(
    `select count(*) as back from ${targetOf(stream)} t join duplicate_removed x on x.row = ${rowIdSql(stream, 't')} and x.stream = $2
      where x.removal_id = $1 and t._deleted_at is null`,
    [removal, `${stream.partner.name}.${stream.name}`],
  );
  return Number(rows[0]?.back);
}
