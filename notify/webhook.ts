import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../alerts/message.ts';
import { titleOf } from '../alerts/message.ts';
import type { Channel } from '../definitions/alerts.ts';
import { sendCall, type SendDeps } from './send-json.ts';

/** JSON of all there is, for programs. Signed as https://www.standardwebhooks.com says, where the channel has a secret. */
export function sendToWebhook(
  { url, headers, secret }: Extract<Channel, { type: 'webhook' }>,
  message: AlertMessage,
  deps: SendDeps & { readonly what: string },
): Promise<void> {
  const body = JSON.stringify({ version: 1, title: titleOf(message), ...message });
  const seconds = Math.floor(deps.now() / 1000).toString();
  const signed =
    secret === undefined
      ? {}
      : {
          'webhook-id': message.id,
          'webhook-timestamp': seconds,
          'webhook-signature': `v1,${createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
            .update(`${message.id}.${seconds}.${body}`)
            .digest('base64')}`,
        };
  return sendCall({ what: deps.what, url, body, headers: { ...lowered(headers), ...signed } }, deps);
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
