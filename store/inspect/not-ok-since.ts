import type { Pool } from 'pg';

export interface StreamNamed {
  readonly partner: string;
  readonly stream: string;
}

/** Since when the runs of some streams have not ended `ok`, and how many of them; by `partner/stream`. Windows of backfills do not count. */
export async function notOkSince(
  pool: Pool,
  streams: readonly StreamNamed[],
): Promise<ReadonlyMap<string, { readonly since: string; readonly runs: number }>> {
  if (streams.length === 0) return new Map();
  const { rows } = await pool.query<{ partner: string; name: string; since: Date; runs: string }>(
    `select s.partner, s.name, bad.since, bad.runs
      from unnest($1::text[], $2::text[]) as asked (partner, name) join streams s using (partner, name)
      left join lateral (select g.finished_at from stream_runs g where g.stream_id = s.stream_id and g.kind <> 'backfill' and g.kind <> 'fetch'
        and g.finished_at is not null and g.outcome = 'ok' order by g.finished_at desc limit 1) good on true
      cross join lateral (select min(finished_at) as since, count(*) as runs from stream_runs b where b.stream_id = s.stream_id
        and b.kind <> 'backfill' and b.kind <> 'fetch' and b.finished_at is not null
        and b.finished_at > coalesce(good.finished_at, '-infinity')) bad
      where bad.since is not null`,
    [streams.map(({ partner }) => partner), streams.map(({ stream }) => stream)],
  );
  return new Map(
    rows.map(({ partner, name, since, runs }) => [
      `${partner}/${name}`,
      { since: since.toISOString(), runs: Number(runs) },
    ]),
  );
}
