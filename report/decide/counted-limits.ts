import { DAY, formatDuration, HOUR, SECOND } from '../../core/duration.ts';
import type { Limits } from '../../definitions/limits.ts';

/** A declared limit, as our calls can be held against it. */
export interface CountedLimit {
  readonly name: string;
  /** In words: `10 requests per 1s`. */
  readonly says: string;
  /** Null: requests under way at once are counted. */
  readonly stretch: { readonly perMs: number; readonly slackMs: number } | null;
  /** Whoever has sent no more than this has kept to it, however it is counted. */
  readonly sure: number;
  /** Whoever has sent more than this has not. */
  readonly above: number;
}

export interface LimitsToCount {
  readonly counted: readonly CountedLimit[];
  /** Limits of which our calls do not tell how much of them was used, with the reason. */
  readonly left: readonly { readonly name: string; readonly says: string; readonly why: string }[];
}

/** The longest that each can be: clocks are put back, months have 31 days. */
const calendar: Readonly<Record<string, number>> = {
  hour: HOUR,
  day: DAY + HOUR,
  week: 7 * DAY + HOUR,
  month: 31 * DAY + HOUR,
};

/** On their way two calls come closer to each other: by so much. */
const slackOf = (perMs: number): number => Math.min(SECOND, Math.max(50, perMs / 10));
const stretch = (perMs: number): CountedLimit['stretch'] => ({ perMs, slackMs: slackOf(perMs) });

export function limitsToCount(limits: Limits): LimitsToCount {
  const counted: CountedLimit[] = [];
  const left: { name: string; says: string; why: string }[] = [];
  const weighted = (name: string): boolean => limits.weights.some(({ of }) => of?.includes(name) ?? true);
  const add = (limit: CountedLimit, unit: Limits['unit']): void => {
    const { name, says } = limit;
    if (unit === 'cost') left.push({ name, says, why: 'it counts cost' });
    else if (weighted(name)) left.push({ name, says, why: 'calls have weights' });
    else if (limits.credential !== undefined) left.push({ name, says, why: 'others use the same credential' });
    else counted.push(limit);
  };
  const { rate, per, burst, unit, windows, quotas, concurrency } = limits;
  if (rate !== undefined) {
    // Less than one call in that time: one in a longer time.
    const perMs = rate < 1 ? per / rate : per;
    const sure = Math.max(1, Math.floor(rate));
    const says = `${rate} ${unitOf(unit)} per ${formatDuration(per)}${burst > 1 ? `, ${burst} at once` : ''}`;
    add({ name: 'rate', says, stretch: stretch(perMs), sure, above: Math.ceil(Math.max(1, rate)) + burst }, unit);
  }
  for (const { name, limit, per, unit } of windows) {
    const says = `${limit} ${unitOf(unit)} in any ${formatDuration(per)}`;
    add({ name, says, stretch: stretch(per), sure: limit, above: limit }, unit);
  }
  for (const { name, limit, per, unit } of quotas) {
    const perMs = typeof per === 'number' ? per : (calendar[per] ?? DAY);
    const says = `${limit} ${unitOf(unit)} per ${typeof per === 'number' ? formatDuration(per) : per}`;
    // It begins anew meanwhile: more calls in such a time prove nothing.
    add({ name, says, stretch: stretch(perMs), sure: limit, above: Infinity }, unit);
  }
  if (concurrency !== undefined) {
    const limit = {
      name: 'concurrency',
      says: `${concurrency} requests at once`,
      sure: concurrency,
      above: concurrency,
    };
    if (limits.credential === undefined) counted.push({ ...limit, stretch: null });
    else left.push({ name: limit.name, says: limit.says, why: 'others use the same credential' });
  }
  return { counted, left };
}

const unitOf = (unit: Limits['unit']): string => (unit === 'cost' ? 'units of cost' : 'requests');
