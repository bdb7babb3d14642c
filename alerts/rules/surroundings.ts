import type { AlertFacts, UnservedFacts, WebhookFacts } from '../../core/alert-facts.ts';
import { DAY, formatDuration, HOUR } from '../../core/duration.ts';
import { ageText } from '../../core/freshness.ts';
import type { Found } from '../find.ts';

const BEHIND_MS = HOUR;

export const targetsBehind = ({ targets, nowMs }: AlertFacts): readonly Found[] =>
  targets.flatMap(({ target, partner, stream, behind, behindSince, error, paused }) => {
    if (behindSince === null || nowMs - Date.parse(behindSince) < BEHIND_MS) return [];
    const why = paused
      ? '; the target is paused by a person'
      : error === null
        ? ''
        : `; the last load failed: ${error}`;
    return [
      {
        rule: 'target-behind',
        partner,
        stream,
        subject: target,
        since: behindSince,
        summary: `${target} has lacked ${behind} events of ${partner}.${stream} for ${ageText(nowMs - Date.parse(behindSince))}${why}`,
      },
    ];
  });

/** Whoever changed a table may have meant it, and does it again: it is told for a day, also where one made anew is in its place by now. */
const TOLD_MS = DAY;

export const targetsChanged = ({ targets, nowMs }: AlertFacts): readonly Found[] =>
  targets.flatMap(({ target, partner, stream, changed }) => {
    if (changed === null || (changed.anewAt !== null && nowMs - Date.parse(changed.anewAt) > TOLD_MS)) return [];
    const now =
      changed.anewAt === null
        ? 'It stays as it is until one made anew from the log takes its place'
        : 'One made anew from the log has taken its place';
    return [
      {
        rule: 'target-changed',
        partner,
        stream,
        subject: target,
        since: changed.at,
        summary: `somebody has changed or dropped ${partner}.${stream} in ${target}: ${changed.how}. ${now}`,
      },
    ];
  });

export const webhookTrouble = ({ webhooks, nowMs }: AlertFacts): readonly Found[] =>
  webhooks.flatMap((webhook) => [...silent(webhook, nowMs), ...failed(webhook, nowMs)]);

function silent({ partner, webhook, silentMs, expectedMs, declared }: WebhookFacts, nowMs: number): readonly Found[] {
  const place = { partner, subject: webhook };
  if (silentMs === null && declared)
    return [
      {
        rule: 'webhook-silent',
        ...place,
        since: new Date(nowMs).toISOString(),
        // It may have been declared a moment ago.
        ...(expectedMs === null ? {} : { forMs: expectedMs }),
        summary: `nothing has come by the webhook ${webhook} of ${partner} in the last 30 days, though \`expect\` says that something does`,
      },
    ];
  if (silentMs === null || expectedMs === null || silentMs <= expectedMs) return [];
  const usual = declared
    ? `\`expect\` says ${formatDuration(expectedMs)}`
    : `silences of up to ${formatDuration(expectedMs / 2)} are usual`;
  return [
    {
      rule: 'webhook-silent',
      ...place,
      since: new Date(nowMs - silentMs + expectedMs).toISOString(),
      summary: `nothing has come by the webhook ${webhook} of ${partner} for ${ageText(silentMs)}, and ${usual}`,
    },
  ];
}

function failed(facts: WebhookFacts, nowMs: number): readonly Found[] {
  const { partner, webhook, failedDeliveries, failedHints } = facts;
  const parts = [
    ...(failedDeliveries > 0 ? [`${failedDeliveries} deliveries could not be read`] : []),
    ...(failedHints > 0 ? [`${failedHints} records that it named could not be fetched`] : []),
  ];
  if (parts.length === 0) return [];
  return [
    {
      rule: 'webhook-failed',
      partner,
      subject: webhook,
      since: new Date(nowMs).toISOString(),
      summary: `webhook ${webhook} of ${partner}: ${parts.join(', ')}`,
    },
  ];
}

export const missingWorkers = ({ unserved }: AlertFacts): readonly Found[] =>
  unserved.map((queue) => ({
    rule: 'workers-missing',
    partner: queue.role === 'partner' ? queue.name : null,
    subject: queue.queue,
    since: queue.since,
    summary: `no worker of the role ${roleOf(queue)} asks for work on the queue ${queue.queue}`,
  }));

const roleOf = ({ role, name }: UnservedFacts): string => (role === 'workflows' ? role : `${role}=${name}`);

export const deadChannels = ({ channels }: AlertFacts): readonly Found[] =>
  channels.map(({ channel, since, attempts, error }) => ({
    rule: 'channel-dead',
    subject: channel,
    since,
    summary: `the channel ${channel} has not taken an alert in ${attempts} attempts: ${error}`,
  }));
