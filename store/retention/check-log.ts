import type { Pool } from 'pg';
import { quoted } from '../../core/sql-text.ts';

/** Whether a log has all the lines that it should have. */
export interface CheckedLog {
  readonly lines: number;
  /** By retention, which says so. */
  readonly removed: number;
  /** Lines that are there no more, and that retention did not remove. */
  readonly missing: number;
  /** Rows of the table whose line is not there. */
  readonly rows: number;
}

/** Counts all lines of a stream's log: each has a number, and erasure leaves it there. undefined: nothing of the stream was ever read. */
export async function checkLog(
  pool: Pool,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<CheckedLog | undefined> {
  const { rows: found } = await pool.query<{ stream_id: number; schema: string; table: string; there: boolean }>(
    `select stream_id, target_schema as schema, target_table as table,
        to_regclass(format('%I.%I', target_schema, nullif(target_table, ''))) is not null as there
      from streams where partner = $1 and name = $2`,
    [partner, stream],
  );
  const of = found[0];
  if (of === undefined) return undefined;
  const log = `events_${of.stream_id}`;
  const lost = of.there
    ? `(select count(*) from ${quoted(of.schema)}.${quoted(of.table)} t where not exists (select from ${log} e where e.event = t._event))`
    : '0';
  // One statement: what is committed or removed meanwhile is seen as a whole.
  const { rows } = await pool.query<Record<'lines' | 'removed' | 'last' | 'lost', string>>(
    `select (select count(*) from ${log}) as lines, (select coalesce(sum(lines), 0) from removals where stream_id = $1) as removed,
        (select last_event from streams where stream_id = $1) as last, ${lost} as lost`,
    [of.stream_id],
  );
  const row = rows[0] as (typeof rows)[number];
  const [lines, removed] = [Number(row.lines), Number(row.removed)];
  return { lines, removed, missing: Number(row.last) - lines - removed, rows: Number(row.lost) };
}
