import type { Pool } from 'pg';

/** What somebody did on the status page. */
export interface UiDeed {
  readonly by: string;
  /** How that is known: `token`, `proxy`, `oidc`. */
  readonly how: string;
  readonly action: string;
  readonly partner: string;
  readonly target: string;
  readonly reason: string;
}

export interface NotedDeed extends UiDeed {
  readonly id: number;
  /** ISO. */
  readonly at: string;
  /** Null: nobody knows what came of it. */
  readonly result: { readonly failed: boolean; readonly says: string; readonly at: string } | null;
}

/** Writes down what is about to be done; returns its number. */
export async function noteDeed(pool: Pool, { by, how, action, partner, target, reason }: UiDeed): Promise<number> {
  const { rows } = await pool.query<{ audit_id: string }>(
    'insert into ui_audit (by, how, action, partner, target, reason) values ($1, $2, $3, $4, $5, $6) returning audit_id',
    [by, how, action, partner, target, reason],
  );
  return Number(rows[0]?.audit_id);
}

export async function noteResult(
  pool: Pool,
  { id, failed, says }: { readonly id: number; readonly failed: boolean; readonly says: string },
): Promise<void> {
  await pool.query('update ui_audit set done_at = clock_timestamp(), failed = $2, result = $3 where audit_id = $1', [
    id,
    failed,
    says,
  ]);
}

/** The newest first; with `id` that one. */
export async function readDeeds(
  pool: Pool,
  { id, limit }: { readonly id?: number; readonly limit: number },
): Promise<readonly NotedDeed[]> {
  const { rows } = await pool.query<
    UiDeed & { audit_id: string; at: Date; done_at: Date | null; failed: boolean | null; result: string | null }
  >(
    `select audit_id, at, by, how, action, partner, target, reason, done_at, failed, result from ui_audit
      where $1::bigint is null or audit_id = $1 order by audit_id desc limit $2`,
    [id ?? null, limit],
  );
  return rows.map(({ audit_id: number, at, done_at: doneAt, failed, result, ...deed }) => ({
    ...deed,
    id: Number(number),
    at: at.toISOString(),
    result: doneAt === null ? null : { failed: failed === true, says: result ?? '', at: doneAt.toISOString() },
  }));
}
