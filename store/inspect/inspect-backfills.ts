import type { Pool } from 'pg';
import type { PastRuns } from '../../core/backfill-estimate.ts';
import type { BackfillPlan } from '../../core/backfill-plan.ts';
import type { BackfillTally } from '../../core/backfill-tally.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { Outcome } from '../../core/names.ts';

/** Reads for people: backfills as the ledger knows them, without Temporal. */

export interface BackfillRow {
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  readonly concurrency: number;
  readonly generation: number;
  readonly windows: number;
  /** Null: it has not looked for windows yet. */
  readonly tally: BackfillTally | null;
  readonly notedAt: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
}

export async function listBackfills(
  pool: Pool,
  { partner, limit }: { readonly partner?: string | undefined; readonly limit: number },
): Promise<readonly BackfillRow[]> {
  return select(pool, `r.kind = 'backfill' and ($2::text is null or r.partner = $2)`, [limit, partner ?? null]);
}

export async function findBackfill(pool: Pool, runId: string): Promise<BackfillRow> {
  const [found] = await select(pool, 'r.run_id = $2', [1, runId]);
  if (found === undefined)
    throw new InvalidInput(
      `there is no backfill ${JSON.stringify(runId)}: \`syncline backfill list\` shows those there are`,
    );
  return found;
}

export interface ReadWindow {
  readonly window: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly records: number;
  readonly requests: number;
}

/** The last run of each window of a stream that was begun. */
export async function readWindows(
  pool: Pool,
  of: { readonly partner: string; readonly stream: string; readonly windows: readonly string[] },
): Promise<readonly ReadWindow[]> {
  const { rows } = await pool.query<Omit<ReadWindow, 'records' | 'requests'> & { fetched: string; requests: string }>(
    `select distinct on (r.window_label) r.window_label as window, r.state, r.outcome, r.reason, r.fetched, r.requests
      from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and s.name = $2 and r.window_label = any($3)
      order by r.window_label, r.run_no desc`,
    [of.partner, of.stream, of.windows],
  );
  return rows.map(({ fetched, requests, ...row }) => ({
    ...row,
    records: Number(fetched),
    requests: Number(requests),
  }));
}

/** What `--force` begins: the generation after the last one, or that one again when it was forced and did not get through. */
export async function forcedGeneration(
  pool: Pool,
  of: { readonly partner: string; readonly window: string; readonly firstId: string },
): Promise<number> {
  // By the window first: only in the collation C would an index find the beginning of an id.
  const { rows } = await pool.query<{ generation: number; through: boolean }>(
    `select generation, outcome is not null and outcome <> 'failed' as through from runs
      where partner = $1 and window_label = $2 and (run_id = $3 or starts_with(run_id, $3 || '/g'))
      order by generation desc limit 1`,
    [of.partner, of.window, of.firstId],
  );
  const { generation = 0, through = true } = rows[0] ?? {};
  return generation > 1 && !through ? generation : generation + 1;
}

/** The runs first, in their order and by their index: else PostgreSQL reads all runs, misled by how few of them are backfills. */
async function select(pool: Pool, where: string, values: readonly unknown[]): Promise<BackfillRow[]> {
  const { rows } = await pool.query<{
    run_id: string;
    partner: string;
    stream: string;
    plan: BackfillPlan;
    concurrency: number;
    generation: number;
    windows: number;
    tally: BackfillTally | null;
    noted_at: Date;
    started_at: Date;
    finished_at: Date | null;
    outcome: Outcome | null;
    reason: string | null;
  }>(
    `select r.run_id, r.partner, b.stream, b.plan, b.concurrency, r.generation, b.windows, b.tally, b.noted_at,
        r.started_at, r.finished_at, r.outcome, r.reason
      from runs r cross join lateral (select * from backfills b where b.run_id = r.run_id limit 1) b
      where ${where} order by r.started_at desc limit $1`,
    [...values],
  );
  return rows.map((row) => ({
    runId: row.run_id,
    partner: row.partner,
    stream: row.stream,
    plan: row.plan,
    concurrency: row.concurrency,
    generation: row.generation,
    windows: row.windows,
    tally: row.tally,
    notedAt: row.noted_at.toISOString(),
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    outcome: row.outcome,
    reason: row.reason,
  }));
}

const LATELY = 50;

/** What the last complete runs of a stream took; those over about as long a range tell best. */
export async function pastRuns(
  pool: Pool,
  of: { readonly partner: string; readonly stream: string; readonly windowMs: number },
): Promise<{ readonly alike: PastRuns; readonly any: PastRuns }> {
  const { rows } = await pool.query<{ alike: boolean; runs: string; requests: string; range_ms: string }>(
    `with lately as (
      select r.requests, extract(epoch from range_to - range_from) * 1000 as range_ms
        from stream_runs r where r.stream_id = (select stream_id from streams where partner = $1 and name = $2)
          and r.state = 'done' and r.range_from is not null and not r.not_modified
        order by r.run_no desc limit ${LATELY}
    )
    select range_ms between $3::float8 * 0.8 and $3::float8 * 1.25 as alike, count(*) as runs,
        sum(requests) as requests, sum(range_ms) as range_ms from lately group by 1`,
    [of.partner, of.stream, of.windowMs],
  );
  const sum = (chosen: typeof rows): PastRuns => ({
    runs: chosen.reduce((total, row) => total + Number(row.runs), 0),
    requests: chosen.reduce((total, row) => total + Number(row.requests), 0),
    rangeMs: chosen.reduce((total, row) => total + Number(row.range_ms), 0),
  });
  return { alike: sum(rows.filter((row) => row.alike)), any: sum(rows) };
}
