import type { Pool } from 'pg';
import { sweepAlerts } from '../../store/alerts/alerts.ts';
import { sweepCalls } from '../../store/calls/sweep-calls.ts';
import { sweepKeys } from '../../store/idempotency/complete-keys.ts';
import { sweepDeliveries } from '../../store/webhooks/deliveries.ts';

/**
 * Rows that are kept for a time. How many there are says how many came within it, so faster weeks have more of them; what shows a leak is one that
 * is older. By the age of the row, not by the end that is written in it, which may be wrong. Ten minutes more, for sweeps and retention on a
 * busy machine.
 */
export const keptFor: Readonly<Record<string, { readonly why: string; readonly older: string }>> = {
  'syncline.idempotency': {
    why: 'kept for a minute (`keepKeys`)',
    older: "created_at < $1::timestamptz - interval '1 minute'",
  },
  'syncline.limit_samples': { why: 'kept for two hours', older: "at < $1::timestamptz - interval '2 hours'" },
  'syncline.calls': { why: 'swept after each week', older: 'at < $1::timestamptz' },
  'syncline.webhook_deliveries': { why: 'swept after each week', older: 'received_at < $1::timestamptz' },
  'syncline.alerts': { why: 'swept as if 400 days had passed', older: 'resolved_at < $1::timestamptz' },
  'syncline.alert_deliveries': { why: 'swept as if seven days had passed', older: 'ended_at < $1::timestamptz' },
  'syncline.quarantine': {
    why: 'what has no key waits for a person, and nobody looks at it here',
    older: `coalesce(last_seen_at, quarantined_at) < $1::timestamptz
      and (status = 'replayed' and settled_at < $1::timestamptz or status = 'held' and superseded_at < $1::timestamptz)`,
  },
  'syncline.waiting': {
    why: 'kept for a second (`keep.settled`)',
    older: "status in ('released', 'refused') and settled_at < $1::timestamptz",
  },
};

const GRACE = '10 minutes';

/** What is older than it may be, as `name: number`. */
export async function beyondTheirTime(pool: Pool): Promise<readonly string[]> {
  const { rows: clock } = await pool.query<{ at: string }>(
    `select (clock_timestamp() - interval '${GRACE}')::text as at`,
  );
  const found: string[] = [];
  for (const [table, { older }] of Object.entries(keptFor)) {
    const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${table} where ${older}`, [
      clock[0]?.at,
    ]);
    const n = rows[0]?.n ?? 0;
    if (n > 0) found.push(`rows of ${table} that are older than they may be: ${n}`);
  }
  return found;
}

/** What is swept by days of the calendar is swept as if they had passed. */
export async function sweepAll(pool: Pool): Promise<void> {
  await sweepCalls(pool, 1000);
  await sweepKeys(pool);
  await sweepDeliveries(pool, 0);
  // Of alerts only what everybody was told of: news of an alert that is gone would not be sent.
  await pool.query(
    `update alerts a set resolved_at = a.resolved_at - interval '401 days' where a.resolved_at < now() - interval '1 minute'
      and not exists (select from alert_notices n where n.alert_id = a.alert_id and n.told = 'open')
      and not exists (select from alert_deliveries d where d.state = 'pending' and a.alert_id = any (d.alert_ids))`,
  );
  await pool.query(
    `update alert_deliveries set ended_at = ended_at - interval '8 days' where ended_at < now() - interval '1 minute'`,
  );
  await sweepAlerts(pool);
}
