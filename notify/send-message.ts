import type { AlertMessage } from '../alerts/message.ts';
import { assertNever } from '../core/assert-never.ts';
import type { Channel } from '../definitions/alerts.ts';
import { sendToAlertmanager } from './alertmanager.ts';
import { sendByEmail } from './email.ts';
import { sendToPagerDuty } from './pagerduty.ts';
import type { SendDeps } from './send-json.ts';
import { sendToSlack } from './slack.ts';
import { sendToWebhook } from './webhook.ts';

/** One attempt to tell a channel. RetryLater when it did not take it, in words without an address or a secret. */
export function sendMessage(
  named: { readonly name: string; readonly channel: Channel },
  message: AlertMessage,
  deps: SendDeps,
): Promise<void> {
  const { name, channel } = named;
  const described = { ...deps, what: `channel ${name} (${channel.type})` };
  switch (channel.type) {
    case 'webhook':
      return sendToWebhook(channel, message, described);
    case 'slack':
      return sendToSlack(channel, message, described);
    case 'email':
      return sendByEmail(channel, message, described);
    case 'pagerduty':
      return sendToPagerDuty(channel, message, described);
    case 'alertmanager':
      return sendToAlertmanager(channel, message, described);
    default:
      return assertNever(channel);
  }
}
