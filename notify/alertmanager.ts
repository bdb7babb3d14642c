import type { AlertRow } from '../core/alert.ts';
import { silenceCommand, type AlertMessage } from '../alerts/message.ts';
import { MINUTE } from '../core/duration.ts';
import type { Channel } from '../definitions/alerts.ts';
import { sendCall, type SendDeps } from './send-json.ts';

/** An open alert ends by itself if it is not said again before: alerts/dispatch.ts says it more often. */
const HOLDS_MS = 10 * MINUTE;

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml; it groups, silences and repeats by its own rules. */
export function sendToAlertmanager(
  { url }: Extract<Channel, { type: 'alertmanager' }>,
  { open, resolved, cause }: AlertMessage,
  deps: SendDeps & { readonly what: string },
): Promise<void> {
  const holdsMs = cause === 'test' ? MINUTE : HOLDS_MS;
  const alerts = [
    ...open.map((alert) => alertOf(alert, new Date(deps.now() + holdsMs).toISOString())),
    ...resolved.map((alert) => alertOf(alert, alert.resolvedAt ?? new Date(deps.now()).toISOString())),
  ];
  const target = new URL('api/v2/alerts', url.endsWith('/') ? url : `${url}/`).href;
  return sendCall({ what: deps.what, url: target, body: JSON.stringify(alerts) }, deps);
}

/** Labels are what Alertmanager knows an alert by. */
const alertOf = (alert: AlertRow, endsAt: string): object => ({
  labels: {
    alertname: alert.rule,
    severity: alert.severity,
    source: 'syncline',
    ...(alert.partner === null ? {} : { partner: alert.partner }),
    ...(alert.stream === null ? {} : { stream: alert.stream }),
    ...(alert.subject === null ? {} : { subject: alert.subject }),
  },
  annotations: {
    summary: alert.summary,
    meaning: alert.meaning,
    action: alert.whatToDo,
    runbook_url: alert.runbook,
    silence: silenceCommand(alert),
  },
  startsAt: alert.openedAt,
  endsAt,
});
