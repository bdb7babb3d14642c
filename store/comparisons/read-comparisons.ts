import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { ReconcileVerdict } from '../../core/reconcile.ts';
import { differenceKinds, type RowDifference } from '../../core/target-comparison.ts';

/** A comparison as people and scripts see it. Times are ISO. */
export interface Comparison {
  readonly id: number;
  readonly target: string;
  readonly partner: string;
  readonly stream: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly verdict: ReconcileVerdict | null;
  readonly reason: string | null;
  readonly storeRows: number | null;
  readonly targetRows: number | null;
  /** In how many of 65,536 buckets counts or checksums differed. */
  readonly bucketsDiffer: number | null;
  readonly targetEvent: number | null;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly inFlight: number;
  readonly leftOut: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

const columns = `c.comparison as id, c.target, s.partner, c.table_name as stream, c.state, c.verdict, c.reason, c.store_rows::float8 as "storeRows",
  c.target_rows::float8 as "targetRows", c.buckets_differ as "bucketsDiffer", c.target_event::float8 as "targetEvent", c.missing::float8 as missing,
  c.extra::float8 as extra, c.different::float8 as different, c.in_flight::float8 as "inFlight", c.left_out::float8 as "leftOut",
  c.started_at as "startedAt", c.finished_at as "finishedAt"`;

type Row = Omit<Comparison, 'startedAt' | 'finishedAt'> & {
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
};

const shown = ({ startedAt, finishedAt, ...row }: Row): Comparison => ({
  ...row,
  startedAt: startedAt.toISOString(),
  finishedAt: finishedAt?.toISOString() ?? null,
});

export async function readComparison(pool: Pool, id: number): Promise<Comparison> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from target_comparisons c join streams s using (stream_id) where c.comparison = $1`,
    [id],
  );
  if (rows[0] === undefined)
    throw new InvalidInput(`there is no comparison ${id}: \`syncline targets compared\` shows them`);
  return shown(rows[0]);
}

/** The newest first. */
export async function listComparisons(
  pool: Pool,
  { target, limit }: { readonly target?: string | undefined; readonly limit: number },
): Promise<readonly Comparison[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from target_comparisons c join streams s using (stream_id) where $1::text is null or c.target = $1
      order by c.comparison desc limit $2`,
    [target ?? null, limit],
  );
  return rows.map(shown);
}

export async function readDifferences(
  pool: Pool,
  { id, limit }: { readonly id: number; readonly limit: number },
): Promise<readonly RowDifference[]> {
  const { rows } = await pool.query<RowDifference>(
    `select kind, key, store_event::float8 as "storeEvent", target_event::float8 as "targetEvent" from target_findings where comparison = $1
      order by array_position($3::text[], kind), key, coalesce(store_event, target_event) limit $2`,
    [id, limit, differenceKinds],
  );
  return rows;
}
