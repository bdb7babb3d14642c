import type { Pool } from 'pg';

/** A stream that differs from what its partner says, as far as anybody has looked. */
export interface StreamThatDiffers {
  readonly reconciliation: string;
  readonly partner: string;
  readonly stream: string;
  /** Open findings. */
  readonly open: number;
  /** ISO: when it was found. */
  readonly since: string;
}

/**
 * Of each stream the last reconciliation that has ended, where findings of it are open. A sample and a part of the time do not take the place of one that
 * looked at all.
 */
export async function streamsThatDiffer(pool: Pool): Promise<readonly StreamThatDiffers[]> {
  const { rows } = await pool.query<Omit<StreamThatDiffers, 'since'> & { readonly since: Date }>({
    name: 'streams that differ',
    text: `select c.reconciliation, s.partner, s.name as stream, f.open, c.finished_at as since
      from (select distinct on (stream_id, sample is null, range_from is null) * from reconciliations where state = 'done'
        order by stream_id, sample is null, range_from is null, started_at desc) c
      join streams s using (stream_id)
      cross join lateral (select count(*)::integer as open from reconcile_findings where reconciliation = c.reconciliation and state = 'open') f
      where c.verdict = 'differs' and f.open > 0 order by c.finished_at desc, c.reconciliation`,
  });
  return rows.map(({ since, ...found }) => ({ ...found, since: since.toISOString() }));
}
