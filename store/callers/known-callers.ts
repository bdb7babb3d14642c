import type { Pool } from 'pg';
import type { Caller } from '../../core/caller.ts';
import { UNKNOWN_KEYS } from './misuse-causes.ts';

/** What a process has to know to tell callers apart. Times are milliseconds from the moment of reading, by the database's clock. */
export interface ReadCallers {
  readonly keys: readonly ReadKey[];
  readonly blocks: readonly ReadBlock[];
}

export interface ReadKey {
  readonly keyId: string;
  /** SHA-256 of the secret. */
  readonly hash: Buffer;
  readonly caller: Caller;
  readonly addresses: readonly string[] | null;
  readonly certificate: string | null;
  /** Null: it has no end yet. Below 0: it has ended. */
  readonly endsInMs: number | null;
}

export interface ReadBlock {
  readonly kind: 'caller' | 'address';
  readonly subject: string;
  /** Of a source: callers with a good key are served all the same. */
  readonly sparesCallers: boolean;
  /** Null: until a person ends it. */
  readonly endsInMs: number | null;
}

interface KeyRow extends Omit<Caller, 'id'> {
  readonly key_id: string;
  readonly hash: Buffer;
  readonly caller: string;
  readonly addresses: readonly string[] | null;
  readonly certificate: string | null;
  readonly ends_in_ms: number | null;
}

/** Who holds a key that ended is told so for a month; later it is as unknown as any other. */
const REMEMBERED = `interval '30 days'`;

const inMs = (at: string): string => `(extract(epoch from ${at} - clock_timestamp()) * 1000)::float8`;

/** All of them, which is little: 10,000 keys are read in 50 ms (PostgreSQL 18 on two busy cores), and mostly there are some hundreds. */
export async function readKnownCallers(pool: Pool): Promise<ReadCallers> {
  const [keys, blocks] = await Promise.all([
    pool.query<KeyRow>(
      `select k.key_id, k.hash, c.caller, c.tier, c.scopes, c.addresses::text[] as addresses, c.certificate,
          ${inMs('least(k.ends_at, c.revoked_at)')} as ends_in_ms
        from caller_keys as k join callers as c using (caller)
        where least(k.ends_at, c.revoked_at) is null or least(k.ends_at, c.revoked_at) > clock_timestamp() - ${REMEMBERED}`,
    ),
    pool.query<Omit<ReadBlock, 'endsInMs' | 'sparesCallers'> & { ends_in_ms: number | null; spares: boolean }>(
      `select kind, subject, by is null and cause = $1 as spares, ${inMs('until')} as ends_in_ms
        from caller_blocks where until is null or until > clock_timestamp() order by since desc limit 10000`,
      [UNKNOWN_KEYS],
    ),
  ]);
  return {
    keys: keys.rows.map((row) => ({
      keyId: row.key_id,
      hash: row.hash,
      caller: { id: row.caller, tier: row.tier, scopes: row.scopes },
      addresses: row.addresses,
      certificate: row.certificate,
      endsInMs: row.ends_in_ms,
    })),
    blocks: blocks.rows.map(({ ends_in_ms: endsInMs, spares: sparesCallers, ...row }) => ({
      ...row,
      sparesCallers,
      endsInMs,
    })),
  };
}
