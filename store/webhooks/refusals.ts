import type { Pool } from 'pg';

export interface RefusalCount {
  readonly partner: string;
  readonly webhook: string;
  readonly reason: string;
  readonly count: number;
}

/** Adds to what was refused today. */
export async function noteRefusals(pool: Pool, counts: readonly RefusalCount[]): Promise<void> {
  await pool.query(
    `insert into webhook_refusals as r (partner, webhook, reason, day, count)
        select partner, webhook, reason, current_date, count from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as t(partner, webhook, reason, count)
          order by 1, 2, 3
      on conflict (partner, webhook, reason, day) do update set count = r.count + excluded.count, last_at = clock_timestamp()`,
    [
      counts.map(({ partner }) => partner),
      counts.map(({ webhook }) => webhook),
      counts.map(({ reason }) => reason),
      counts.map(({ count }) => count),
    ],
  );
}
