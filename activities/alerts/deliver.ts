import type { AlertMessage } from '../../alerts/message.ts';
import { DAY } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import type { AlertDelivered, DeliverAlertInput } from '../../messages/watch-alerts.ts';
import { sendMessage } from '../../notify/send-message.ts';
import { readAlerts } from '../../store/alerts/alerts.ts';
import {
  dropDelivery,
  noteNotSent,
  noteSent,
  readDelivery,
  toldOf,
  type Delivery,
} from '../../store/alerts/deliveries.ts';
import type { AlertsDeps } from './alerts-deps.ts';

/** What was not delivered by then is old news: the next look says what still holds. */
const TRIED_FOR_MS = 3 * DAY;

/**
 * One attempt to tell a channel. It says how things stand now: what is over meanwhile is said to be over, what somebody has
 * silenced is left out. Throws while the channel does not take it.
 */
export async function deliverAlert(
  deps: AlertsDeps,
  { delivery: id }: DeliverAlertInput,
  signal: AbortSignal,
): Promise<AlertDelivered> {
  const { pool, log } = deps;
  const delivery = await readDelivery(pool, id);
  if (delivery === undefined || delivery.state !== 'pending') return 'sent';
  const drop = async (reason: string): Promise<AlertDelivered> => {
    await dropDelivery(pool, { id, reason });
    return 'dropped';
  };
  const { settings } = await deps.settings.read();
  const channel = settings.channels[delivery.channel];
  if (channel === undefined) return drop('alerts.yaml has the channel no longer');
  if (deps.now() - Date.parse(delivery.createdAt) > TRIED_FOR_MS) return drop(`not taken in days: ${delivery.error}`);
  const message = await messageOf(deps, delivery);
  if (message.open.length + message.resolved.length === 0) return drop('silenced, or over before anybody was told');
  if (delivery.cause === 'news' && !(await isNews(pool, { channel: delivery.channel, ...message })))
    return drop('the channel was told of all of it meanwhile');
  try {
    await sendMessage({ name: delivery.channel, channel }, message, { ...deps, signal });
  } catch (error) {
    await noteNotSent(pool, { id, error: explain(error) });
    log.warn(
      { channel: delivery.channel, attempt: delivery.attempts + 1, error: explain(error) },
      'alert not delivered, and tried again',
    );
    throw error;
  }
  await noteSent(pool, { id, channel: delivery.channel, open: ids(message.open), resolved: ids(message.resolved) });
  return 'sent';
}

/** A look that went on late has noted as due what was on its way, and has arrived since. */
async function isNews(
  pool: AlertsDeps['pool'],
  { channel, open, resolved }: Pick<AlertMessage, 'open' | 'resolved'> & { readonly channel: string },
): Promise<boolean> {
  const told = await toldOf(pool, { channel, alertIds: [...ids(open), ...ids(resolved)] });
  return open.some(({ id }) => told.get(id) === undefined) || resolved.some(({ id }) => told.get(id) !== 'resolved');
}

const ids = (alerts: AlertMessage['open']): readonly number[] => alerts.map((alert) => alert.id);

async function messageOf(
  { pool, now }: AlertsDeps,
  { id, cause, alertIds, createdAt }: Delivery,
): Promise<AlertMessage> {
  const alerts = await readAlerts(pool, alertIds);
  return {
    // Of this installation and this message: a store that is made anew counts from 1 again.
    id: `alert-${id}-${Date.parse(createdAt)}`,
    cause,
    at: new Date(now()).toISOString(),
    open: alerts.filter(({ resolvedAt, silenced }) => resolvedAt === null && silenced === null),
    resolved: alerts.filter(({ resolvedAt }) => resolvedAt !== null),
  };
}
