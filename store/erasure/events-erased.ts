import type { Pool } from 'pg';

/**
 * Numbers of events that were erased. `before`, ISO: only those that had come by then, since a database that was restored gives numbers a
 * second time.
 */
export async function eventsErased(
  pool: Pool,
  { partner, stream, before }: { readonly partner: string; readonly stream: string; readonly before: string },
): Promise<ReadonlySet<number>> {
  const { rows: of } = await pool.query<{ stream_id: number }>(
    'select stream_id from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  const [found] = of;
  if (found === undefined) return new Set();
  const { rows } = await pool.query<{ event: string }>(
    `select event from events_${found.stream_id} where operation = 'x' and received_at <= $1`,
    [before],
  );
  return new Set(rows.map(({ event }) => Number(event)));
}
