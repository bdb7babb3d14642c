import type { Pool } from 'pg';
import type { CallerLimits, CallerTier } from '../../core/caller.ts';
import type { Block } from './blocks.ts';
import type { CallerTerms } from './change-callers.ts';

export interface ListedKey {
  readonly keyId: string;
  /** ISO. */
  readonly createdAt: string;
  /** Null: it has no end yet. */
  readonly endsAt: string | null;
  /** To within half a minute; null: never. */
  readonly usedAt: string | null;
}

export interface ListedCaller extends CallerTerms {
  readonly id: string;
  /** In force now. */
  readonly limits: CallerLimits;
  /** Of those, what was set for the caller itself. */
  readonly own: Partial<CallerLimits>;
  /** Limits that end by themselves. */
  readonly override: (Partial<CallerLimits> & { readonly until: string }) | null;
  /** Units of this day of UTC. */
  readonly usedToday: number;
  /** The valid ones, the newest first. */
  readonly keys: readonly ListedKey[];
  readonly block: Pick<Block, 'cause' | 'by' | 'until'> | null;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

interface Row extends CallerTerms {
  readonly id: string;
  readonly limits: CallerLimits;
  readonly own: Partial<CallerLimits>;
  readonly override: (Partial<CallerLimits> & { readonly until: string }) | null;
  readonly used: string;
  readonly keys: readonly ListedKey[];
  readonly block: Pick<Block, 'cause' | 'by' | 'until'> | null;
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}

const iso = (time: string): string => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** By name. `all`: also those that were revoked. */
export async function listCallers(
  pool: Pool,
  { id, all = false }: { readonly id?: string | undefined; readonly all?: boolean } = {},
): Promise<readonly ListedCaller[]> {
  const { rows } = await pool.query<Row>(
    `select c.caller as id, c.tier, c.scopes, c.addresses::text[] as addresses, c.certificate, c.created_at, c.revoked_at,
        jsonb_build_object('rate', coalesce(o.rate, c.rate, t.rate), 'burst', coalesce(o.burst, c.burst, t.burst),
          'daily', coalesce(o.daily, c.daily, t.daily)) as limits,
        jsonb_strip_nulls(jsonb_build_object('rate', c.rate, 'burst', c.burst, 'daily', c.daily)) as own,
        case when o.until is not null then jsonb_strip_nulls(jsonb_build_object(
          'rate', o.rate, 'burst', o.burst, 'daily', o.daily, 'until', ${iso('o.until')})) end as override,
        case when b.day = floor(epoch_us() / 86400e6) then b.used else 0 end as used,
        case when k.cause is not null then jsonb_build_object('cause', k.cause, 'by', k.by, 'until', ${iso('k.until')}) end as block,
        coalesce((select jsonb_agg(jsonb_build_object('keyId', key_id, 'createdAt', ${iso('y.created_at')}, 'endsAt', ${iso('y.ends_at')},
            'usedAt', ${iso('y.used_at')}) order by y.created_at desc)
          from caller_keys as y where y.caller = c.caller and c.revoked_at is null
            and (y.ends_at is null or y.ends_at > clock_timestamp())), '[]') as keys
      from callers as c join caller_tiers as t using (tier)
        left join caller_overrides as o on o.caller = c.caller and o.until > clock_timestamp()
        left join caller_buckets as b on b.caller = c.caller
        left join caller_blocks as k on k.kind = 'caller' and k.subject = c.caller and (k.until is null or k.until > clock_timestamp())
      where ($1::text is null or c.caller = $1) and ($2 or c.revoked_at is null) order by c.caller`,
    [id ?? null, all],
  );
  return rows.map(({ used, created_at: createdAt, revoked_at: revokedAt, ...row }) => ({
    ...row,
    usedToday: Number(used),
    createdAt: createdAt.toISOString(),
    revokedAt: revokedAt?.toISOString() ?? null,
  }));
}

export type ListedTier = CallerLimits & { readonly tier: CallerTier };

export async function listTiers(pool: Pool): Promise<readonly ListedTier[]> {
  const { rows } = await pool.query<Omit<ListedTier, 'daily'> & { readonly daily: string | null }>(
    'select tier, rate, burst, daily from caller_tiers order by rate desc, burst, tier',
  );
  return rows.map((row) => ({ ...row, daily: row.daily === null ? null : Number(row.daily) }));
}
