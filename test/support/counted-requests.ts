import type { Pool } from 'pg';

export interface CountedPartner {
  readonly name: string;
  /** Requests as the partner counted them. */
  readonly requests: () => number;
}

/** Throws where the ledger has another number of requests than the partners that were asked. */
export async function compareRequests(pool: Pool, partners: readonly CountedPartner[]): Promise<void> {
  if (partners.length === 0) return;
  const { rows } = await pool.query<{ partner: string; requests: string }>(
    `select partner, sum(requests) as requests from (
        select stream_id, requests from stream_runs
        union all select c.stream_id, l.requests from reconcile_listings l join reconciliations c using (reconciliation)) each
      join streams using (stream_id) group by 1`,
  );
  const ledger = new Map(rows.map(({ partner, requests }) => [partner, Number(requests)]));
  const wrong = partners.flatMap(({ name, requests }) => {
    const [noted, counted] = [ledger.get(name) ?? 0, requests()];
    return noted === counted ? [] : [`${name}: the ledger has ${noted} requests, the partner counted ${counted}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
