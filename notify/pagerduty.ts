import { alertKey, placeWords, type AlertRow } from '../core/alert.ts';
import { silenceCommand, type AlertMessage } from '../alerts/message.ts';
import type { Channel } from '../definitions/alerts.ts';
import { sendCall, type SendDeps } from './send-json.ts';

/** A summary has at most 1,024 characters. */
const MOST_CHARS = 1024;

/** Events API v2, an event for each alert: https://developer.pagerduty.com/docs/send-alert-event. The same key again is the same incident. */
export async function sendToPagerDuty(
  { url, routingKey }: Extract<Channel, { type: 'pagerduty' }>,
  { open, resolved, cause }: AlertMessage,
  deps: SendDeps & { readonly what: string },
): Promise<void> {
  const send = (event: object): Promise<void> =>
    sendCall({ what: deps.what, url, body: JSON.stringify({ routing_key: routingKey, ...event }) }, deps);
  for (const alert of open) await send(trigger(alert));
  const over = cause === 'test' ? open : resolved;
  for (const alert of over) await send({ event_action: 'resolve', dedup_key: dedupKey(alert) });
}

/** The incident of an alert that comes back later is another one. */
const dedupKey = (alert: AlertRow): string => `syncline/${alertKey(alert)}/${alert.id}`.slice(-255);

const trigger = (alert: AlertRow): object => ({
  event_action: 'trigger',
  dedup_key: dedupKey(alert),
  payload: {
    summary: alert.summary.slice(0, MOST_CHARS),
    source: placeWords(alert),
    severity: alert.severity === 'page' ? 'critical' : 'warning',
    timestamp: alert.since,
    component: alert.stream ?? alert.subject ?? 'syncline',
    group: alert.partner ?? 'syncline',
    class: alert.rule,
    custom_details: {
      means: alert.meaning,
      do: alert.whatToDo,
      runbook: alert.runbook,
      silence: silenceCommand(alert),
    },
  },
  ...(/^https?:/.test(alert.runbook) ? { links: [{ href: alert.runbook, text: 'Runbook' }] } : {}),
});
