import type { Pool, PoolClient } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { transaction } from '../../store/session/transaction.ts';
import { headsOf } from './heads-sql.ts';
import { readHeads } from './read-heads.ts';

export interface AskedOf {
  readonly stream: CompiledStream;
  readonly reconciliation: string;
  readonly look: number;
}

/**
 * Writes down what is to be asked for one by one, once: for the first look a sample of what the store has, for the second what differed in the first.
 * The sample is drawn by a hash of the reconciliation and the key, so it is the same whenever it is drawn.
 */
export async function drawKeys(pool: Pool, { stream, reconciliation, look }: AskedOf): Promise<void> {
  await transaction(pool, async (client) => {
    const { rows } = await client.query<{ stream_id: number; sample: number | null; drawn: boolean }>(
      `select stream_id, sample, exists (select from reconcile_asked a where a.reconciliation = c.reconciliation and a.look = $2) as drawn
        from reconciliations c where reconciliation = $1 for update`,
      [reconciliation, look],
    );
    const [row] = rows;
    if (row === undefined) return;
    if (row.drawn) return noteCame(client, { reconciliation, look });
    if (look === 1) await readHeads(client, { stream, streamId: row.stream_id, range: null });
    const keys =
      look === 1
        ? `(select key from ${headsOf(row.stream_id)} where not gone order by sha256(convert_to($1 || key, 'UTF8')) limit ${row.sample ?? 0})`
        : `(select key from reconcile_findings where reconciliation = $1 and state = 'candidate')`;
    await client.query(
      `insert into reconcile_asked (reconciliation, look, key_hash, key)
        select $1, $2, left(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 32)::uuid, key from ${keys} k`,
      [reconciliation, look],
    );
  });
}

/** What came before a worker died is not asked for again. */
async function noteCame(client: PoolClient, { reconciliation, look }: Omit<AskedOf, 'stream'>): Promise<void> {
  await client.query(
    `update reconcile_asked a set asked_at = now() from reconcile_listings l join reconcile_seen s using (listing_id)
      where l.reconciliation = $1 and l.look = $2 and a.reconciliation = $1 and a.look = $2 and a.asked_at is null and s.key_hash = a.key_hash`,
    [reconciliation, look],
  );
}

/** The next keys that were not asked for yet. */
export async function keysToAsk(
  pool: Pool,
  { reconciliation, look }: Omit<AskedOf, 'stream'>,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ key: string }>(
    'select key from reconcile_asked where reconciliation = $1 and look = $2 and asked_at is null order by key_hash limit $3',
    [reconciliation, look, limit],
  );
  return rows.map(({ key }) => key);
}

/** Keeps that a key was asked for, behind what came of it. */
export async function noteAskedKey(
  pool: Pool,
  { reconciliation, look }: Omit<AskedOf, 'stream'>,
  { key, refused }: { readonly key: string; readonly refused: string | null },
): Promise<void> {
  await pool.query(
    `with noted as (update reconcile_asked set asked_at = now(), refused = $4 where reconciliation = $1 and look = $2 and key = $3)
      update reconcile_listings set doubt = coalesce(doubt, 'a record could not be asked for: ' || $4)
        where reconciliation = $1 and look = $2 and $4 is not null`,
    [reconciliation, look, key, refused],
  );
}
