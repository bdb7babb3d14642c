import type { Pool } from 'pg';
import type { ChannelFacts, LimitFacts, QuarantineFacts } from '../../core/alert-facts.ts';
import { MINUTE } from '../../core/duration.ts';

/** By `partner stream`: streams that hold records in quarantine. */
export async function quarantineFacts(pool: Pool): Promise<ReadonlyMap<string, QuarantineFacts>> {
  const { rows } = await pool.query<{
    partner: string;
    name: string;
    held: string;
    last_day: string;
    most_before: string;
    since: Date;
  }>(
    `select s.partner, s.name, sum(d.n) as held, coalesce(sum(d.n) filter (where d.days = 0), 0) as last_day,
        coalesce(max(d.n) filter (where d.days between 1 and 7), 0) as most_before, min(d.first) filter (where d.days = 0) as since
      from (select q.stream_id, floor(extract(epoch from now() - q.quarantined_at) / 86400) as days, count(*) as n, min(q.quarantined_at) as first
        from quarantine q where q.status = 'held' group by 1, 2) d join streams s using (stream_id)
      group by 1, 2 having bool_or(d.days = 0)`,
  );
  return new Map(
    rows.map((row) => [
      `${row.partner} ${row.name}`,
      {
        held: Number(row.held),
        lastDay: Number(row.last_day),
        mostBefore: Number(row.most_before),
        since: row.since.toISOString(),
      },
    ]),
  );
}

/** Since when each stream is known, by `partner stream`. */
export async function knownSince(pool: Pool): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ partner: string; name: string; created_at: Date }>(
    'select partner, name, created_at from streams',
  );
  return new Map(rows.map((row) => [`${row.partner} ${row.name}`, row.created_at.toISOString()]));
}

/** Of the periods that are not over. */
export async function limitFacts(pool: Pool): Promise<readonly LimitFacts[]> {
  const { rows } = await pool.query<{
    partner: string;
    bucket: string;
    level: number;
    message: string;
    raised_at: Date;
  }>(
    `select partner, bucket, level, message, raised_at from limit_alerts where current_until > clock_timestamp()
      and raised_at > clock_timestamp() - interval '400 days' order by raised_at`,
  );
  return rows.map(({ raised_at: raisedAt, ...row }) => ({ ...row, raisedAt: raisedAt.toISOString() }));
}

/** Attempts before a channel is said to be dead, and for how long they must have failed. */
const DEAD = { attempts: 3, afterMs: 2 * MINUTE } as const;

export async function deadChannels(pool: Pool): Promise<readonly ChannelFacts[]> {
  const { rows } = await pool.query<{ channel: string; since: Date; attempts: number; error: string | null }>(
    `select channel, min(failing_since) as since, max(attempts) as attempts, (array_agg(error order by attempts desc))[1] as error
      from alert_deliveries where state = 'pending' and attempts >= $1 and failing_since <= now() - $2 * interval '1 millisecond' group by channel order by channel`,
    [DEAD.attempts, DEAD.afterMs],
  );
  return rows.map(({ since, error, ...row }) => ({ ...row, since: since.toISOString(), error: error ?? '' }));
}
