import type { Pool } from 'pg';
import type { CallerLimits, CallerTier } from '../../core/caller.ts';
import { transaction } from '../session/transaction.ts';
import { audit, type Person } from './audit.ts';
import { lockCaller } from './lock-caller.ts';

/** Limits as they are set: those that are not given stay, null is as the tier has it. */
export type LimitChange = { readonly [K in keyof CallerLimits]?: CallerLimits[K] | null };

const names = ['rate', 'burst', 'daily'] as const;

/** Sets a caller's own limits, from the next request on. What was set for a time ends with it. */
export function setCallerLimits(pool: Pool, caller: string, change: LimitChange, person: Person): Promise<void> {
  return transaction(pool, async (client) => {
    await lockCaller(client, caller);
    for (const name of names)
      if (change[name] !== undefined)
        await client.query(`update callers set ${name} = $2 where caller = $1`, [caller, change[name]]);
    await client.query('delete from caller_overrides where caller = $1', [caller]);
    await audit(client, { kind: 'caller', subject: caller, action: 'limited', detail: change, ...person });
  });
}

/** Limits instead of all others until they end by themselves. They replace those that were set for a time before. Returns the end, ISO. */
export function overrideLimits(
  pool: Pool,
  {
    caller,
    limits,
    forMs,
  }: { readonly caller: string; readonly limits: Partial<CallerLimits>; readonly forMs: number },
  person: Person,
): Promise<string> {
  return transaction(pool, async (client) => {
    await lockCaller(client, caller);
    const { rows } = await client.query<{ until: Date }>(
      `insert into caller_overrides (caller, rate, burst, daily, until)
        values ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 millisecond')
        on conflict (caller) do update
          set rate = excluded.rate, burst = excluded.burst, daily = excluded.daily, until = excluded.until
        returning until`,
      [caller, limits.rate ?? null, limits.burst ?? null, limits.daily ?? null, forMs],
    );
    const [{ until: end }] = rows as [{ until: Date }];
    const until = end.toISOString();
    const detail = { ...limits, until };
    await audit(client, { kind: 'caller', subject: caller, action: 'limited', detail, ...person });
    return until;
  });
}

/** Of all callers of the tier that have none of their own. `daily: null`: no quota. */
export function setTierLimits(
  pool: Pool,
  tier: CallerTier,
  change: Partial<CallerLimits>,
  person: Person,
): Promise<CallerLimits> {
  return transaction(pool, async (client) => {
    for (const name of names)
      if (change[name] !== undefined)
        await client.query(`update caller_tiers set ${name} = $2 where tier = $1`, [tier, change[name]]);
    await audit(client, { kind: 'tier', subject: tier, action: 'limited', detail: change, ...person });
    const { rows } = await client.query<{ rate: number; burst: number; daily: string | null }>(
      'select rate, burst, daily from caller_tiers where tier = $1',
      [tier],
    );
    const [now] = rows as [{ rate: number; burst: number; daily: string | null }];
    return { ...now, daily: now.daily === null ? null : Number(now.daily) };
  });
}
