import { z } from 'zod';
import { durationMs } from './duration-text.ts';

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
    type: z.literal('webhook'),
    url: http,
    headers: z.record(z.string(), z.string()).default({}),
    /** Signs each message as Standard Webhooks has it. */
    secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/=]{32,}$/, 'whsec_ and at least 24 bytes in base64')
      .optional(),
  }),
  z.strictObject({ type: z.literal('slack'), url: http }),
  z.strictObject({
    type: z.literal('email'),
    /** Server, user and password: `smtps://user:password@host:465`. By `smtp:` TLS is begun where the server offers it. */
    smtp: z.url({ protocol: /^smtps?$/, error: 'an smtp:// or smtps:// URL' }),
    from: z.string().min(3),
    to: z.array(z.string().min(3)).min(1),
  }),
  z.strictObject({
    type: z.literal('pagerduty'),
    /** Of an integration of the kind Events API v2. */
    routingKey: z.string().min(1),
    url: http.default('https://events.pagerduty.com/v2/enqueue'),
  }),
  /** Its own address, without a path below it: `http://alertmanager:9093`. */
  z.strictObject({ type: z.literal('alertmanager'), url: http }),
]);
export type Channel = z.output<typeof channel>;

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const severity = z.enum(['page', 'ticket']);

const match = z.strictObject({
  rule: oneOrMore.optional(),
  severity: severity.optional(),
  partner: oneOrMore.optional(),
  stream: oneOrMore.optional(),
  subject: oneOrMore.optional(),
});

export const groupFields = ['rule', 'severity', 'partner', 'stream'] as const;

const route = z.strictObject({
  /** What is left out fits everything; * stands for any characters. */
  match: match.prefault({}),
  to: z.array(name).min(1),
  /** Alerts that have these in common come in one message. */
  groupBy: z.array(z.enum(groupFields)).default(['partner', 'rule']),
  /** How long a first message waits for others of its group. */
  wait: durationMs.default(30_000),
  /** What is still open is said again after this. */
  repeat: durationMs.default(4 * 3_600_000),
  /** Also say when it is over. */
  resolved: z.boolean().default(true),
  /** Tell others as well of what is open for so long and silenced by nobody. */
  escalate: z.strictObject({ after: durationMs, to: z.array(name).min(1) }).optional(),
  /** Look at the routes after this one, too. */
  continue: z.boolean().default(false),
});
export type AlertRoute = z.output<typeof route>;

const rule = z.strictObject({
  rule: z.string().min(1),
  partner: oneOrMore.optional(),
  stream: oneOrMore.optional(),
  subject: oneOrMore.optional(),
  severity: z.enum(['page', 'ticket', 'off']),
});
export type AlertRuleSetting = z.output<typeof rule>;

export const alertsFile = z.strictObject({
  channels: z.record(name, channel).default({}),
  /** The first that fits counts. */
  routes: z.array(route).default([]),
  /** Rules that weigh otherwise here, or not at all. The last that fits counts. */
  rules: z.array(rule).default([]),
  /** Days of each year (12-25) or of one (2026-04-03) on which few rows are no news. */
  quietDays: z
    .array(z.string().regex(/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a day such as 12-25 or 2026-04-03'))
    .default([]),
  /** The dead man's switch: called as long as all is looked at, so that somebody outside notices when it is not. */
  heartbeat: z
    .strictObject({
      url: http,
      method: z.enum(['GET', 'POST']).default('POST'),
      every: durationMs.default(60_000),
    })
    .optional(),
  /** Where people open docs/alerts.md. */
  runbooks: http.optional(),
});
/** Checked: defaults filled in, durations in ms. */
export type AlertSettings = z.output<typeof alertsFile>;
export type AlertsInput = z.input<typeof alertsFile>;

/** Without a file: alerts are looked for and listed, and nobody is told. */
export const noAlertSettings: AlertSettings = alertsFile.parse({});

/** For `alerts.ts`: `export default defineAlerts({ … })`. Types only; checking happens when it is loaded. */
export const defineAlerts = (alerts: AlertsInput): AlertsInput => alerts;
