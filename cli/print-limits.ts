import { formatDuration } from '../core/duration.ts';
import type { BucketView, LimitsView, QueueView } from '../core/limits-view.ts';
import { describePause, resumeCommand } from '../core/person-pause.ts';
import type { Bucket } from '../limits/declare/bucket.ts';
import type { LimitChange } from '../limits/watch/overrides.ts';
import type { Output } from './output.ts';

/** What stands in the way first, then each limit, then what people have changed. */
export function printLimits(
  output: Output,
  of: {
    readonly limits: LimitsView;
    /** Or why Temporal does not tell. */
    readonly queue: QueueView | string;
    readonly changes: readonly LimitChange[];
  },
): void {
  const { limits, queue, changes } = of;
  for (const line of describeStanding(limits)) output.say(line);
  output.say(typeof queue === 'string' ? `Task queue: unknown, ${queue}` : `Task queue: ${describeQueue(queue)}`);
  if (limits.buckets.length === 0)
    output.say(
      `The definition of ${limits.partner} declares no limits. What the partner says about waiting is kept all the same (docs/limits.md).`,
    );
  else output.table(limits.buckets.map(bucketRow), columnsOf(limits.buckets));
  for (const { name, override } of limits.buckets)
    if (override !== null)
      output.say(
        `${name} was set to ${override.cap} by ${override.by} at ${override.at.slice(0, 19)}Z${override.until === null ? '' : ` until ${override.until.slice(0, 19)}Z`}: ${override.reason}`,
      );
  if (changes.length > 0) output.say('Changes by people, the newest first:');
  for (const { at, by, what, reason } of changes) output.say(`  ${at.slice(0, 19)}Z ${by}: ${what} (${reason})`);
}

/** One line for each thing that is not as usual; none when all is well. */
export function describeStanding(limits: LimitsView): readonly string[] {
  const { partner, paused, blocked, told, factor, circuit, alerts, buckets } = limits;
  return [
    ...(paused === null || paused === undefined
      ? []
      : [`${partner}: ${describePause(paused)}; \`${resumeCommand(paused)}\` ends that`]),
    ...(blocked === null ? [] : [`${partner}: nobody calls it before ${blocked.until}: ${blocked.cause}`]),
    ...(told === null ? [] : [`${partner}: says that ${told.left} calls are left until ${told.until}`]),
    // Only a declared rate or window is slowed down; without one there is no speed to be a share of.
    ...(factor < 1 && buckets.some(({ kind }) => kind === 'rate' || kind === 'window')
      ? [
          `${partner}: at ${Math.round(factor * 100)} % of its declared speed after a throttled answer, back to full speed in ${formatDuration(Math.ceil((1 - factor) * 200) * 1000)} if none follows`,
        ]
      : []),
    ...(circuit === null || circuit.state === 'closed'
      ? []
      : [
          `${partner}: circuit ${circuit.state} since ${circuit.since}${circuit.openUntil === null ? '' : `, the next call not before ${circuit.openUntil}`}: ${circuit.lastError}`,
          `  ${circuit.advice}`,
        ]),
    ...alerts.map(({ message }) => `${partner}: ${message}`),
  ];
}

/** One cell for all limits with a period: `daily 400/500`. */
export const describeUse = (buckets: readonly BucketView[]): string =>
  buckets
    .filter(({ kind }) => kind === 'quota' || kind === 'window')
    .map(({ name, used, effective }) => `${name} ${number(used)}/${number(effective)}`)
    .join(', ');

export const describeQueue = ({ rate, reason, paused, foreign }: QueueView): string => {
  if (paused !== null) return `paused until ${paused.until}: ${paused.cause}`;
  const speed = rate === null ? 'no limit' : `${number(rate)} grants per second at most`;
  return foreign
    ? `${speed}, set by a person and left alone (${reason === '' || reason === null ? 'no reason given' : reason})`
    : speed;
};

/** `500 per day`, `3 at once`. */
export const describeBucket = ({ kind, unit, periodUs, counts }: Bucket, cap: number): string =>
  kind === 'concurrency'
    ? `${cap} at once`
    : `${cap} ${counts === 'cost' ? 'cost units' : 'requests'} per ${kind === 'quota' && unit !== 'duration' ? unit : formatDuration(periodUs / 1000)}`;

function bucketRow(bucket: BucketView): Readonly<Record<string, unknown>> {
  const { kind, per, declared, effective, used, left, resetsAt, zone, pacePerHour, goneAt } = bucket;
  const isRate = kind === 'rate';
  return {
    limit: bucket.name,
    declared: `${number(declared)}${per === '' ? ' at once' : ` per ${per}`}${bucket.counts === 'cost' ? ' (cost)' : ''}`,
    now: number(effective),
    // Of a rate only its burst can be used up.
    used: isRate ? null : used,
    left: isRate ? null : left,
    resets: resetsAt === null ? null : `${localTime(resetsAt, zone)} ${zone}`,
    'per hour': pacePerHour,
    'gone at': goneAt === null ? null : `${localTime(goneAt, zone)} ${zone}`,
  };
}

function columnsOf(buckets: readonly BucketView[]): readonly string[] {
  const forecast = buckets.some(({ pacePerHour }) => pacePerHour !== null);
  const gone = buckets.some(({ goneAt }) => goneAt !== null);
  const counted = buckets.some(({ kind }) => kind !== 'rate');
  return [
    'limit',
    'declared',
    'now',
    ...(counted ? ['used', 'left', 'resets'] : []),
    ...(forecast ? ['per hour'] : []),
    ...(gone ? ['gone at'] : []),
  ];
}

/** Swedish writes dates as ISO does. */
const localTime = (iso: string, zone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(new Date(iso));

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 2 });
