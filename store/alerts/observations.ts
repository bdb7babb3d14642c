import type { Pool } from 'pg';

/** What was last seen of something that is not asked for at every look. undefined: nothing was. */
export async function readObservation(
  pool: Pool,
  name: string,
): Promise<{ readonly seen: unknown; readonly atMs: number } | undefined> {
  const { rows } = await pool.query<{ seen: unknown; at: Date }>(
    'select seen, at from alert_observations where name = $1',
    [name],
  );
  return rows.map(({ seen, at }) => ({ seen, atMs: at.getTime() }))[0];
}

export async function noteObservation(
  pool: Pool,
  { name, seen, atMs }: { readonly name: string; readonly seen: unknown; readonly atMs: number },
): Promise<void> {
  await pool.query(
    `insert into alert_observations (name, seen, at) values ($1, $2, $3)
      on conflict (name) do update set seen = excluded.seen, at = excluded.at`,
    [name, JSON.stringify(seen), new Date(atMs)],
  );
}
