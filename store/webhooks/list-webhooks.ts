import type { Pool } from 'pg';
import type { PastSilences } from '../../core/usual-silence.ts';

/** What is known of a webhook, of the last 30 days. */
export interface WebhookFacts {
  readonly partner: string;
  readonly webhook: string;
  /** ISO; null: nothing came. */
  readonly lastAt: string | null;
  readonly taken: number;
  readonly ignored: number;
  readonly failed: number;
  /** Deliveries that came again. */
  readonly repeated: number;
  /** Of the records that they brought. */
  readonly quarantined: number;
  /** Deliveries that were not signed right, by reason; in the last 7 days. */
  readonly refused: Readonly<Record<string, number>>;
  readonly hints: { readonly open: number; readonly failed: number };
}

/** All webhooks that anything is known of. Those that are only declared are not among them. */
export async function webhookFacts(pool: Pool): Promise<readonly WebhookFacts[]> {
  const { rows } = await pool.query<{
    partner: string;
    webhook: string;
    last_at: Date | null;
    taken: number;
    ignored: number;
    failed: number;
    repeated: number;
    quarantined: number;
    refused: Record<string, number> | null;
    open: number;
    hints_failed: number;
  }>(
    `with named as (
        select partner, webhook from webhook_deliveries union select partner, webhook from webhook_refusals union select partner, webhook from webhook_work
      ), deliveries as (
        select partner, webhook, max(last_at) as last_at, count(*) filter (where state = 'taken')::integer as taken,
          count(*) filter (where state = 'ignored')::integer as ignored, count(*) filter (where state = 'failed')::integer as failed,
          (sum(times) - count(*))::integer as repeated, sum(quarantined)::integer as quarantined
        from webhook_deliveries group by 1, 2
      ), refusals as (
        select partner, webhook, jsonb_object_agg(reason, count) as refused from (
          select partner, webhook, reason, sum(count)::integer as count from webhook_refusals where day > current_date - 7 group by 1, 2, 3) r group by 1, 2
      ), work as (
        select partner, webhook, count(*) filter (where state = 'open' and noted > done)::integer as open,
          count(*) filter (where state = 'failed')::integer as hints_failed from webhook_work group by 1, 2
      )
      select n.partner, n.webhook, d.last_at, coalesce(d.taken, 0) as taken, coalesce(d.ignored, 0) as ignored, coalesce(d.failed, 0) as failed,
          coalesce(d.repeated, 0) as repeated, coalesce(d.quarantined, 0) as quarantined, r.refused, coalesce(w.open, 0) as open,
          coalesce(w.hints_failed, 0) as hints_failed
        from named n left join deliveries d using (partner, webhook) left join refusals r using (partner, webhook) left join work w using (partner, webhook)
        order by 1, 2`,
  );
  return rows.map(({ last_at: lastAt, open, hints_failed: failedHints, refused, ...row }) => ({
    ...row,
    lastAt: lastAt?.toISOString() ?? null,
    refused: refused ?? {},
    hints: { open, failed: failedHints },
  }));
}

/** When a webhook's last delivery came, and how many wait for a person; cheap enough to be asked for often. */
export async function webhookPulse(
  pool: Pool,
  { partner, webhook }: { readonly partner: string; readonly webhook: string },
): Promise<{ readonly lastAtMs: number | undefined; readonly failedDeliveries: number; readonly failedHints: number }> {
  const { rows } = await pool.query<{ last_at: Date | null; failed: string; hints: string }>({
    name: 'pulse of a webhook',
    text: `select (select received_at from webhook_deliveries where partner = $1 and webhook = $2 order by received_at desc limit 1) as last_at,
        (select count(*) from webhook_deliveries where partner = $1 and webhook = $2 and state = 'failed') as failed,
        (select count(*) from webhook_work where partner = $1 and webhook = $2 and state = 'failed') as hints`,
    values: [partner, webhook],
  });
  const [row] = rows;
  return {
    lastAtMs: row?.last_at?.getTime(),
    failedDeliveries: Number(row?.failed ?? 0),
    failedHints: Number(row?.hints ?? 0),
  };
}

const next = (from: string): string =>
  `(select received_at from webhook_deliveries where partner = $1 and webhook = $2 and received_at > ${from} order by received_at limit 1)`;

/**
 * The silences of the last 28 days. Deliveries within a minute count as one, and are skipped by the index: a webhook that is called all the time costs no
 * more than one that is called every minute.
 */
export async function pastSilences(
  pool: Pool,
  { partner, webhook }: { readonly partner: string; readonly webhook: string },
): Promise<PastSilences> {
  const { rows } = await pool.query<{ longest: number[] | null; over: number | null; count: string }>(
    `with recursive seen (at) as (
        ${next(`now() - interval '28 days'`)}
        union all select ${next(`s.at + interval '1 minute'`)} from seen s where s.at is not null
      ), gaps as (
        select extract(epoch from at - lag(at) over (order by at)) * 1000 as ms from seen where at is not null
      )
      select (select array_agg(ms::double precision order by ms desc) from (select ms from gaps where ms is not null order by ms desc limit 2) l) as longest,
        (select (extract(epoch from max(at) - min(at)) * 1000)::double precision from seen) as over, (select count(ms) from gaps) as count`,
    [partner, webhook],
  );
  const [row] = rows;
  return { longestMs: row?.longest ?? [], overMs: row?.over ?? 0, count: Number(row?.count ?? 0) };
}
