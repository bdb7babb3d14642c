import type { Pool } from 'pg';

export interface KeyToClaim {
  /** Name of who asks: the same key of another caller is another key. */
  readonly caller: string;
  /** What is done with it: `push acme/payments`. */
  readonly operation: string;
  readonly key: string;
  /** SHA-256 of the request. */
  readonly fingerprint: Buffer;
  /** How long its answer is kept. */
  readonly keepMs: number;
}

/** What an answered request was answered, byte for byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

export type Claim =
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'answered'; readonly answer: StoredAnswer }
  | { readonly outcome: 'mismatch' }
  | { readonly outcome: 'busy'; readonly retryMs: number };

interface Row {
  readonly outcome: Claim['outcome'];
  readonly status: number | null;
  readonly location: string | null;
  readonly body: string | null;
  readonly retry_ms: number;
}

/** How long the owner of a claim has: who dies half-way locks the key no longer than that. */
export const CLAIM_MS = 20_000;

/** Claims keys that differ from each other, in one statement; the claims in the same order. `lease`: a UUID that nobody else has. */
export async function claimKeys(
  pool: Pool,
  {
    keys,
    lease,
    leaseMs = CLAIM_MS,
  }: { readonly keys: readonly KeyToClaim[]; readonly lease: string; readonly leaseMs?: number },
): Promise<readonly Claim[]> {
  const { rows } = await pool.query<Row>({
    name: 'claim keys',
    text: 'select outcome, status, location, body, retry_ms from claim_keys($1, $2, $3, $4, $5, $6, $7)',
    values: [
      keys.map(({ caller }) => caller),
      keys.map(({ operation }) => operation),
      keys.map(({ key }) => key),
      keys.map(({ fingerprint }) => fingerprint),
      lease,
      leaseMs,
      keys.map(({ keepMs }) => keepMs),
    ],
  });
  return rows.map(claimOf);
}

function claimOf({ outcome, status, location, body, retry_ms: retryMs }: Row): Claim {
  if (outcome === 'answered') return { outcome, answer: { status: status as number, location, body: body as string } };
  return outcome === 'busy' ? { outcome, retryMs } : { outcome };
}
