import type { ClientBase, Pool } from 'pg';

export interface DeliveryPlace {
  readonly partner: string;
  readonly webhook: string;
  readonly deliveryId: string;
}

export interface NotedDelivery extends DeliveryPlace {
  readonly bodyHash: Buffer;
  readonly eventType: string | null;
  readonly state: 'taken' | 'ignored' | 'failed';
  readonly reason: string | null;
  /** Of a failed one only. */
  readonly body: Buffer | null;
  readonly records: number;
  readonly quarantined: number;
}

/** A delivery that came before; undefined: none did under this id. */
export async function findDelivery(
  client: ClientBase | Pool,
  { partner, webhook, deliveryId }: DeliveryPlace,
): Promise<{ readonly bodyHash: Buffer; readonly state: NotedDelivery['state'] } | undefined> {
  const { rows } = await client.query<{ body_hash: Buffer; state: NotedDelivery['state'] }>({
    name: 'find delivery',
    text: 'select body_hash, state from webhook_deliveries where partner = $1 and webhook = $2 and delivery_id = $3',
    values: [partner, webhook, deliveryId],
  });
  return rows.map(({ body_hash: bodyHash, state }) => ({ bodyHash, state }))[0];
}

/** It came once more. */
export async function noteRepeated(
  client: ClientBase | Pool,
  { partner, webhook, deliveryId }: DeliveryPlace,
): Promise<void> {
  await client.query({
    name: 'note repeated delivery',
    text: `update webhook_deliveries set times = times + 1, last_at = clock_timestamp()
      where partner = $1 and webhook = $2 and delivery_id = $3`,
    values: [partner, webhook, deliveryId],
  });
}

/** Keeps what became of a delivery. One that had failed, and was taken since, fails no more and needs its body no more. */
export async function noteDelivery(client: ClientBase | Pool, noted: NotedDelivery): Promise<void> {
  const { partner, webhook, deliveryId, bodyHash, eventType, state, reason, body, records, quarantined } = noted;
  await client.query({
    name: 'note delivery',
    text: `insert into webhook_deliveries as d (partner, webhook, delivery_id, body_hash, event_type, state, reason, body, records, quarantined)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      on conflict (partner, webhook, delivery_id) do update set times = d.times + 1, last_at = clock_timestamp(),
        event_type = excluded.event_type, state = excluded.state, reason = excluded.reason, body = excluded.body, records = excluded.records,
        quarantined = excluded.quarantined
        where d.body_hash = excluded.body_hash and d.state = 'failed'`,
    values: [partner, webhook, deliveryId, bodyHash, eventType, state, reason, body, records, quarantined],
  });
}

export interface FailedDelivery extends DeliveryPlace {
  readonly body: Buffer;
  readonly eventType: string | null;
}

/** Failed deliveries, oldest first, behind a number. */
export async function failedDeliveries(
  client: ClientBase | Pool,
  of: { readonly partner: string; readonly webhook: string; readonly after: string; readonly limit: number },
): Promise<readonly (FailedDelivery & { readonly no: string })[]> {
  const { rows } = await client.query<{
    delivery_no: string;
    delivery_id: string;
    body: Buffer;
    event_type: string | null;
  }>(
    `select delivery_no, delivery_id, body, event_type from webhook_deliveries
      where partner = $1 and webhook = $2 and state = 'failed' and body is not null and delivery_no > $3 order by delivery_no limit $4`,
    [of.partner, of.webhook, of.after, of.limit],
  );
  return rows.map((row) => ({
    partner: of.partner,
    webhook: of.webhook,
    no: row.delivery_no,
    deliveryId: row.delivery_id,
    body: row.body,
    eventType: row.event_type,
  }));
}

const BATCH = 5000;
/** Of one sweep: workers sweep each minute, so each takes 1,600 a second. */
const MOST_BATCHES = 20;

/** Forgets deliveries and refusals of before so many days; how many rows. */
export async function sweepDeliveries(pool: Pool, days = 30): Promise<number> {
  const refusals = await pool.query('delete from webhook_refusals where day < current_date - $1::integer', [days]);
  let swept = refusals.rowCount ?? 0;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const { rowCount } = await pool.query(
      `delete from webhook_deliveries where ctid = any (array(select ctid from webhook_deliveries
        where received_at < now() - make_interval(days => $1) limit ${BATCH} for update skip locked))`,
      [days],
    );
    swept += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH) break;
  }
  return swept;
}
