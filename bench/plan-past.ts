import type { Pool } from 'pg';

/** A ready plan of duplicates over a table `p1.s1` of people, and a reconciliation of it that found something. */
export interface PlanPast {
  /** Two in each cluster, of three rows. One in five was found by an exact rule, one in ten is for a person. */
  readonly pairs: number;
  /** One in four is extra, and one in ten was explained. */
  readonly findings: number;
  /** In the names of all people. */
  readonly called: string;
}

export const RECONCILIATION = 'reconcile/p1/s1/2026-11-24T08-00-00Z';

/** Writes it, as a search and a reconciliation that have ended would have; the stream is there. Returns the plan's number. */
export async function writePlanPast(pool: Pool, { pairs, findings, called }: PlanPast): Promise<number> {
  await pool.query(
    `create schema if not exists p1;
    create table if not exists p1.s1 (id text collate "C" primary key, given text, family text, email text, born date)`,
  );
  await pool.query(
    `insert into p1.s1 select 'k' || n, case when n % 3 = 1 then 'J.' else 'Jo' end, $2 || n / 3, 'jo' || n / 3 || '@example.com', date '1980-01-01' + (n / 3) % 9000
      from generate_series(3, $1::integer / 2 * 3 + 5) n`,
    [pairs, called],
  );
  const from = [
    {
      stream: 'p1.s1',
      fields: { given: 'given', family: 'family', email: 'email', born: 'born', phone: 'no_such_column' },
    },
  ];
  const { rows } = await pool.query<{ plan_id: number }>(
    `insert into duplicate_plans (name, workflow_id, settings, by, state, ready_at, weights, counts)
      values ('people', 'duplicates/people/2026-11-24T08:00:00Z', $1, 'ann', 'ready', now(), '{}', $2) returning plan_id`,
    [
      JSON.stringify({ largest: 50, from, merge: 0.99, review: 0.8 }),
      JSON.stringify({ clusters: Math.ceil(pairs / 2), largest: 3, held: 0 }),
    ],
  );
  const plan = rows[0]?.plan_id as number;
  await pool.query(
    `insert into duplicate_pairs (plan_id, pair, left_stream, left_row, right_stream, right_row, rule, weight, probability, levels, found, cluster)
      select $1, n, 'p1.s1', 'k' || (n + 1) / 2 * 3 + (n + 1) % 2, 'p1.s1', 'k' || (n + 1) / 2 * 3 + (n + 1) % 2 + 1,
          case when n % 5 = 0 then 'same-email' else 'score' end, 20 - n % 7,
          case when n % 5 = 0 then 1 when n % 10 = 1 then 0.9 else 0.9995 end,
          '{"given": {"level": "initial", "weight": 3.1}, "family": {"level": "similar 0.92", "weight": 7.4}, "email": {"level": "exact", "weight": 11.2},
            "born": {"level": "else", "weight": -2.5}}', case when n % 10 = 1 then 'review' else 'merge' end, (n + 1) / 2
        from generate_series(1, $2::integer) n`,
    [plan, pairs],
  );
  await pool.query(
    `insert into reconciliations (reconciliation, stream_id, level, definition_version, state, verdict, seen, unfit, in_flight, partner_total, store_total,
          synced_by, started_at, finished_at)
        select $1, stream_id, 'content', 'v1', 'done', 'differs', 1000, 0, 2, 1000, 998, 'sync/p1/s1/2026-11-24', now() - interval '1 hour', now() - interval '50 minutes'
          from streams where partner = 'p1' and name = 's1'`,
    [RECONCILIATION],
  );
  await pool.query(
    `insert into reconcile_findings (reconciliation, key_hash, key, kind, state, why, their_version, our_version, event, page, request_id)
      select $1, md5(n::text)::uuid, $2 || '-' || n, case when n % 4 = 0 then 'extra' else 'stale' end, case when n % 10 = 0 then 'explained' else 'open' end,
          case when n % 10 = 0 then 'it waits for another record' end, case when n % 4 > 0 then '2026-11-02T00:00:00Z' end, '2026-11-01T00:00:00Z', n, 1, 'request-' || n
        from generate_series(1, $3::integer) n`,
    [RECONCILIATION, called, findings],
  );
  return plan;
}
