import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

/** The shape of `alerts.yaml`: who is told of what is wrong, and how (docs/alerts.md). */

/** The file beside the partners, without its ending. */
export const ALERTS = 'alerts';

const http = z.url({ protocol: /^https?$/, error: 'an http(s) URL' });
const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    'a lower-case name of letters, digits, - and _ that starts with a letter, up to 40',
  );

export const channel = z.discriminatedUnion('type', [
  z.strictObject({
    type: means('JSON to a URL', z.literal('webhook')),
    url: http.describe('where messages are sent'),
    headers: means('headers of each message, by name', z.record(z.string(), z.string()).default({})),
    secret: means(
      'signs each message as Standard Webhooks: `whsec_` and at least 24 bytes in base64',
      z
        .string()
        .regex(/^whsec_[A-Za-z0-9+/=]{32,}$/, 'whsec_ and at least 24 bytes in base64')
        .optional(),
    ),
  }),
  z.strictObject({
    type: means('a message in a channel of Slack', z.literal('slack')),
    url: http.describe('URL of an incoming webhook of Slack'),
  }),
  z.strictObject({
    type: means('an e-mail in plain text', z.literal('email')),
    smtp: means(
      'mail server with user and password, such as `smtps://user:password@host:465`; `smtp:` uses TLS if offered',
      z.url({ protocol: /^smtps?$/, error: 'an smtp:// or smtps:// URL' }),
    ),
    from: means('address of the sender', z.string().min(3)),
    to: means('addresses of the receivers', z.array(z.string().min(3)).min(1)),
  }),
  z.strictObject({
    type: means('an event of PagerDuty for each alert', z.literal('pagerduty')),
    routingKey: means('key of an integration of the kind Events API v2', z.string().min(1)),
    url: means('address of the Events API', http.default('https://events.pagerduty.com/v2/enqueue')),
  }),
  z.strictObject({
    type: means('all open alerts of the route, every 3 minutes', z.literal('alertmanager')),
    url: http.describe('address without a path, such as `http://alertmanager:9093`'),
  }),
]);
export type Channel = z.output<typeof channel>;

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const severity = z.enum(['page', 'ticket']);

const chosen = {
  partner: means('a partner, or a list; `*` stands for any characters; every one if absent', oneOrMore.optional()),
  stream: means('a stream, or a list; `*` stands for any characters; every one if absent', oneOrMore.optional()),
  subject: means(
    'a limit, target, webhook, schedule or queue, or a list; `*` stands for any characters; every one if absent',
    oneOrMore.optional(),
  ),
};

const match = z.strictObject({
  rule: means('a rule, or a list; `*` stands for any characters; every one if absent', oneOrMore.optional()),
  severity: means(
    '`page`: somebody should look now. `ticket`: within the next working day. Both if absent',
    severity.optional(),
  ),
  ...chosen,
});
export const groupFields = ['rule', 'severity', 'partner', 'stream'] as const;

const route = z.strictObject({
  match: means('which alerts the route is for; all if absent', match.prefault({})),
  to: means('names of channels', z.array(name).min(1)),
  groupBy: means(
    'alerts that have these in common are sent in one message',
    z.array(z.enum(groupFields)).default(['partner', 'rule']),
  ),
  wait: means('how long a first message waits for others of its group', durationMs.default(30_000)),
  repeat: means('alerts that are still open are sent again after this time', durationMs.default(4 * 3_600_000)),
  resolved: means('whether to say when an alert is over', z.boolean().default(true)),
  escalate: means(
    'whom to notify as well of an alert that stays open and that nobody has silenced',
    z
      .strictObject({
        after: durationMs.describe('how long an alert must be open'),
        to: means('names of further channels', z.array(name).min(1)),
      })
      .optional(),
  ),
  continue: means('whether the routes after this one are checked as well', z.boolean().default(false)),
});
export type AlertRoute = z.output<typeof route>;

const rule = z.strictObject({
  rule: means('name of a rule; `*` stands for any characters', z.string().min(1)),
  ...chosen,
  severity: means('its severity here; `off`: no alert', z.enum(['page', 'ticket', 'off'])),
});
export type AlertRuleSetting = z.output<typeof rule>;

export const alertsFile = z.strictObject({
  channels: means('where messages can be sent, by name', z.record(name, channel).default({})),
  routes: means('which alerts go to which channels: the first entry that matches is used', z.array(route).default([])),
  rules: means(
    'rules with another severity here, or turned off; the last entry that matches counts',
    z.array(rule).default([]),
  ),
  quietDays: means(
    'days on which few rows raise no alert: `12-25` of each year, or `2026-04-03`',
    z
      .array(z.string().regex(/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a day such as 12-25 or 2026-04-03'))
      .default([]),
  ),
  heartbeat: means(
    "a dead man's switch: an outside service is called as long as alerts are being checked",
    z
      .strictObject({
        url: http.describe('address of the outside service'),
        method: means('method of the call', z.enum(['GET', 'POST']).default('POST')),
        every: means('the shortest time between two calls', durationMs.default(60_000)),
      })
      .optional(),
  ),
  runbooks: means('address of your runbooks; messages link to it and the name of the rule', http.optional()),
});
/** Checked: defaults filled in, durations in ms. */
export type AlertSettings = z.output<typeof alertsFile>;
export type AlertsInput = z.input<typeof alertsFile>;

/** Without a file: alerts are looked for and listed, and nobody is told. */
export const noAlertSettings: AlertSettings = alertsFile.parse({});

/** For `alerts.ts`: `export default defineAlerts({ … })`. Types only; checking happens when it is loaded. */
export const defineAlerts = (alerts: AlertsInput): AlertsInput => alerts;
