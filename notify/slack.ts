import type { AlertRow } from '../core/alert.ts';
import { linesOf, overWords, titleOf, type AlertMessage } from '../alerts/message.ts';
import type { Channel } from '../definitions/alerts.ts';
import { sendCall, type SendDeps } from './send-json.ts';

/** Slack takes 50 blocks, and 3,000 characters in each: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const MOST = { alerts: 20, chars: 2900, title: 150 } as const;

/** By an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function sendToSlack(
  { url }: Extract<Channel, { type: 'slack' }>,
  message: AlertMessage,
  deps: SendDeps & { readonly what: string },
): Promise<void> {
  const title = titleOf(message);
  const shown = message.open.slice(0, MOST.alerts);
  const left = message.open.length - shown.length;
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: title.slice(0, MOST.title) } },
    ...shown.map((alert) => section(openText(alert))),
    ...(left > 0 ? [section(`${left} more: \`syncline alerts list\``)] : []),
    ...(message.resolved.length > 0
      ? [section(message.resolved.map((alert) => escaped(overWords(alert))).join('\n'))]
      : []),
  ];
  return sendCall({ what: deps.what, url, body: JSON.stringify({ text: escaped(title), blocks }) }, deps);
}

const openText = (alert: AlertRow): string =>
  linesOf(alert)
    .map(({ label, text }) => `*${label.trim()}* ${escaped(text)}`)
    .join('\n');

const section = (text: string): object => ({
  type: 'section',
  text: { type: 'mrkdwn', text: text.slice(0, MOST.chars) },
});

/** These three have a meaning of their own in its texts. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
