import type { Pool } from 'pg';
import { transaction } from '../session/transaction.ts';
import { audit, type Person } from './audit.ts';
import type { MisuseCause } from './misuse-causes.ts';

export interface BlockSubject {
  readonly kind: 'caller' | 'address';
  /** A caller's name; an address of IPv4, or the first 64 bits of one of IPv6. */
  readonly subject: string;
}

export interface Block extends BlockSubject {
  readonly cause: string;
  /** Null: Syncline itself. */
  readonly by: string | null;
  /** ISO; null: until a person ends it. */
  readonly until: string | null;
}

/**
 * Blocks by Syncline itself: a longer one that is there stays. Addresses are not audited, or whoever has many of them could fill the
 * audit; those whose block has ended for an hour are forgotten here.
 */
export function blockForMisuse(
  pool: Pool,
  { kind, subject, cause, forMs }: BlockSubject & { readonly cause: MisuseCause; readonly forMs: number },
): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query(
      `delete from caller_blocks where (kind, subject) in (select kind, subject from caller_blocks
        where until < clock_timestamp() - interval '1 hour' limit 100 for update skip locked)`,
    );
    await client.query(
      `insert into caller_blocks as b (kind, subject, cause, until) values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 millisecond')
        on conflict (kind, subject) do update set cause = excluded.cause, by = null, since = excluded.since, until = excluded.until
          where b.until < excluded.until`,
      [kind, subject, cause, forMs],
    );
    if (kind === 'caller')
      await audit(client, { kind, subject, action: 'blocked', detail: { forMs }, by: null, reason: cause });
  });
}

/** By a person: replaces the block that is there. `forMs` null: until a person ends it. Returns the end, ISO. */
export function blockByPerson(
  pool: Pool,
  { kind, subject, forMs }: BlockSubject & { readonly forMs: number | null },
  person: Person,
): Promise<string | null> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ until: Date | null }>(
      `insert into caller_blocks (kind, subject, cause, by, until) values ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 millisecond')
        on conflict (kind, subject) do update set cause = excluded.cause, by = excluded.by, since = excluded.since, until = excluded.until
        returning until`,
      [kind, subject, person.reason, person.by, forMs],
    );
    const until = rows[0]?.until?.toISOString() ?? null;
    await audit(client, { kind, subject, action: 'blocked', detail: { until }, ...person });
    return until;
  });
}

/** The block that it ended; undefined: there was none in force. */
export function unblock(pool: Pool, { kind, subject }: BlockSubject, person: Person): Promise<Block | undefined> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<Omit<Block, 'until'> & { until: Date | null }>(
      `delete from caller_blocks where kind = $1 and subject = $2 and (until is null or until > clock_timestamp())
        returning kind, subject, cause, by, until`,
      [kind, subject],
    );
    const [ended] = rows.map((row) => ({ ...row, until: row.until?.toISOString() ?? null }));
    if (ended !== undefined) {
      const { cause, until } = ended;
      await audit(client, { kind, subject, action: 'unblocked', detail: { cause, until }, ...person });
    }
    return ended;
  });
}

/** Those in force, the newest first. */
export async function readBlocks(pool: Pool): Promise<readonly Block[]> {
  const { rows } = await pool.query<Omit<Block, 'until'> & { until: Date | null }>(
    `select kind, subject, cause, by, until from caller_blocks where until is null or until > clock_timestamp()
      order by since desc limit 1000`,
  );
  return rows.map((row) => ({ ...row, until: row.until?.toISOString() ?? null }));
}
