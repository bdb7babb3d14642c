import type { Pool } from 'pg';
import { transaction } from '../session/transaction.ts';

export type DeliveryCause = 'news' | 'repeat' | 'escalation' | 'test';

export interface NewDelivery {
  readonly channel: string;
  readonly groupKey: string;
  readonly alertIds: readonly number[];
  readonly cause: DeliveryCause;
}

export interface Delivery extends NewDelivery {
  readonly id: number;
  readonly state: 'pending' | 'sent' | 'dropped';
  readonly attempts: number;
  readonly error: string | null;
  /** ISO. */
  readonly createdAt: string;
}

interface Row {
  readonly delivery_id: string;
  readonly channel: string;
  readonly group_key: string;
  readonly alert_ids: readonly string[];
  readonly cause: DeliveryCause;
  readonly state: Delivery['state'];
  readonly attempts: number;
  readonly error: string | null;
  readonly created_at: Date;
}

const columns = 'delivery_id, channel, group_key, alert_ids, cause, state, attempts, error, created_at';

const deliveryOf = (row: Row): Delivery => ({
  id: Number(row.delivery_id),
  channel: row.channel,
  groupKey: row.group_key,
  alertIds: row.alert_ids.map(Number),
  cause: row.cause,
  state: row.state,
  attempts: row.attempts,
  error: row.error,
  createdAt: row.created_at.toISOString(),
});

/** Notes what is due. A message of the same group that is still on its way takes what is new along. */
export async function addDeliveries(pool: Pool, due: readonly NewDelivery[]): Promise<void> {
  for (const { channel, groupKey, alertIds, cause } of due)
    await pool.query(
      `insert into alert_deliveries (channel, group_key, alert_ids, cause) values ($1, $2, $3, $4)
        on conflict (channel, group_key) where state = 'pending' do update set alert_ids = excluded.alert_ids`,
      [channel, groupKey, alertIds, cause],
    );
}

/** Those on their way, the oldest first. */
export async function pendingDeliveries(pool: Pool): Promise<readonly Delivery[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from alert_deliveries where state = 'pending' order by delivery_id`,
  );
  return rows.map(deliveryOf);
}

export async function readDelivery(pool: Pool, id: number): Promise<Delivery | undefined> {
  const { rows } = await pool.query<Row>(`select ${columns} from alert_deliveries where delivery_id = $1`, [id]);
  return rows.map(deliveryOf)[0];
}

/** What each channel was last told of alerts that are open, and of those that are over and of which it knows only that they are open. */
export async function readNotices(pool: Pool): Promise<
  readonly {
    readonly alertId: number;
    readonly channel: string;
    readonly told: 'open' | 'resolved';
    readonly atMs: number;
  }[]
> {
  const { rows } = await pool.query<{ alert_id: string; channel: string; told: 'open' | 'resolved'; at: Date }>(
    `select n.alert_id, n.channel, n.told, n.at from alert_notices n join alerts a using (alert_id)
      where a.resolved_at is null or (n.told = 'open' and a.resolved_at > now() - interval '7 days')`,
  );
  return rows.map(({ alert_id, at, ...row }) => ({ alertId: Number(alert_id), atMs: at.getTime(), ...row }));
}

/** What a channel was last told of these. */
export async function toldOf(
  pool: Pool,
  { channel, alertIds }: { readonly channel: string; readonly alertIds: readonly number[] },
): Promise<ReadonlyMap<number, 'open' | 'resolved'>> {
  const { rows } = await pool.query<{ alert_id: string; told: 'open' | 'resolved' }>(
    'select alert_id, told from alert_notices where channel = $1 and alert_id = any ($2)',
    [channel, alertIds],
  );
  return new Map(rows.map(({ alert_id, told }) => [Number(alert_id), told]));
}

/** A channel was told: of these that they are open, of those that they are over. */
export async function noteSent(
  pool: Pool,
  sent: {
    readonly id: number;
    readonly channel: string;
    readonly open: readonly number[];
    readonly resolved: readonly number[];
  },
): Promise<void> {
  await transaction(pool, async (client) => {
    for (const told of ['open', 'resolved'] as const)
      await client.query(
        `insert into alert_notices (alert_id, channel, told, at) select id, $2, $3, now() from unnest($1::bigint[]) id
            where exists (select from alerts where alert_id = id)
          on conflict (alert_id, channel) do update set told = excluded.told, at = excluded.at`,
        [sent[told], sent.channel, told],
      );
    await client.query(
      `update alert_deliveries set state = 'sent', ended_at = now(), attempts = attempts + 1, error = null, failing_since = null where delivery_id = $1`,
      [sent.id],
    );
  });
}

/** The channel did not take it; it is tried again. */
export async function noteNotSent(
  pool: Pool,
  { id, error }: { readonly id: number; readonly error: string },
): Promise<void> {
  await pool.query(
    `update alert_deliveries set attempts = attempts + 1, error = $2, failing_since = coalesce(failing_since, now())
      where delivery_id = $1 and state = 'pending'`,
    [id, error.slice(0, 500)],
  );
}

/** There is nothing to be said any more, or nobody to say it to. */
export async function dropDelivery(
  pool: Pool,
  { id, reason }: { readonly id: number; readonly reason: string },
): Promise<void> {
  await pool.query(
    `update alert_deliveries set state = 'dropped', ended_at = now(), error = $2 where delivery_id = $1 and state = 'pending'`,
    [id, reason],
  );
}
