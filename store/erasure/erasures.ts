import type { ClientBase, Pool } from 'pg';

/** What was erased, by where it was. */
export interface Erased {
  /** Of the log: their numbers stay, and nothing else. */
  readonly events: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly tombstones: number;
  /** Records that wait, or waited, for others. */
  readonly waiting: number;
  readonly anomalies: number;
  /** Rows of the ledger whose cursors or parents held a key. */
  readonly pages: number;
  readonly runs: number;
  readonly parents: number;
}

export interface Erasure {
  readonly erasure: string;
  readonly partner: string;
  readonly stream: string;
  readonly salt: Buffer;
  readonly digests: readonly Buffer[];
  readonly reason: string;
  readonly by: string;
  /** ISO. */
  readonly at: string;
  readonly erased: Erased;
  /** Targets whose tables have not been made anew since, and exports whose files have not (`store/exports/pending-exports.ts`). */
  readonly pending: readonly string[];
}

const columns = `erasure, partner, stream, salt, digests, reason, by, at, erased, pending`;

interface ErasureRow extends Omit<Erasure, 'at'> {
  readonly at: Date;
}

const erasureOf = ({ at, ...row }: ErasureRow): Erasure => ({ ...row, at: at.toISOString() });

export async function readErasures(pool: Pool): Promise<readonly Erasure[]> {
  const { rows } = await pool.query<ErasureRow>(`select ${columns} from erasures order by at, erasure`);
  return rows.map(erasureOf);
}

export async function readErasure(pool: Pool, erasure: string): Promise<Erasure | undefined> {
  const { rows } = await pool.query<ErasureRow>(`select ${columns} from erasures where erasure = $1`, [erasure]);
  return rows.map(erasureOf)[0];
}

export type NotedErasure = Omit<Erasure, 'at'> & { readonly at?: string };

/** Once, whoever says it again: an erasure that is done again counts from when it was first done. */
export async function noteErasure(client: ClientBase, erasure: NotedErasure): Promise<void> {
  const { partner, stream, salt, digests, reason, by, at, erased, pending } = erasure;
  await client.query(
    `insert into erasures (${columns}) values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), $9, $10)
      on conflict (erasure) do update set pending = excluded.pending`,
    [erasure.erasure, partner, stream, salt, digests, reason, by, at ?? null, JSON.stringify(erased), pending],
  );
}

/** `done`: a target, or an export, as `pending` names it. */
export async function noteMadeAnew(pool: Pool, erasure: string, done: string): Promise<void> {
  await pool.query('update erasures set pending = array_remove(pending, $2) where erasure = $1', [erasure, done]);
}

/** undefined: it is not known here. */
export async function pendingOf(client: ClientBase, erasure: string): Promise<readonly string[] | undefined> {
  const { rows } = await client.query<Pick<Erasure, 'pending'>>('select pending from erasures where erasure = $1', [
    erasure,
  ]);
  return rows[0]?.pending;
}
