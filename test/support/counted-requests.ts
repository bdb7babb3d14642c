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
    `select s.partner, sum(r.requests) as requests from streams s join stream_runs r using (stream_id) group by 1`,
  );
  const ledger = new Map(rows.map(({ partner, requests }) => [partner, Number(requests)]));
  const wrong = partners.flatMap(({ name, requests }) => {
    const [noted, counted] = [ledger.get(name) ?? 0, requests()];
    return noted === counted ? [] : [`${name}: the ledger has ${noted} requests, the partner counted ${counted}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
