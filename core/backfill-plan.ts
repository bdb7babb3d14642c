import { DAY, HOUR, MINUTE, parseDuration } from './duration.ts';
import { InvalidInput } from './errors.ts';
import { dayOf, plus, startOf } from './window.ts';
import { isZone, startOfDay } from './zone.ts';

/** A range of the past and how it is cut: JSON, each part written in one way only, since it makes the backfill's id. */
export interface BackfillPlan {
  /** A day, or a time. */
  readonly from: string;
  /** A day, which is included, or a time, which is not. */
  readonly to: string;
  /** `1d`, `6h`, `30m`. */
  readonly chunk: string;
  /** Whose days; null: those of UTC. */
  readonly zone: string | null;
  readonly order: Order;
}

export const orders = ['oldest', 'newest'] as const;
export type Order = (typeof orders)[number];

/** More would be a matter of months with any partner, and of minutes just to list. */
export const MAX_WINDOWS = 10_000;

export interface AskedPlan {
  readonly from: string;
  readonly to: string;
  readonly chunk: string;
  readonly zone: string | undefined;
  readonly order: string;
}

/** What a person asked for, checked; windows that are not over yet are refused. */
export function checkPlan(asked: AskedPlan, nowMs: number): BackfillPlan {
  const chunk = checkChunk(asked.chunk);
  const plan: BackfillPlan = {
    from: checkBound('--from', asked.from),
    to: checkBound('--to', asked.to),
    chunk,
    zone: checkZone(asked, chunk),
    order: checkOrder(asked.order),
  };
  const { from, to } = boundsOf(plan);
  if (to <= from)
    throw new InvalidInput(`--to: expected an end after --from ${asked.from}, found ${JSON.stringify(asked.to)}`);
  if (to > nowMs) {
    const latest = isDay(plan.to) ? dayOf(nowMs - DAY) : shortTime(Math.floor(nowMs / MINUTE) * MINUTE);
    throw new InvalidInput(
      `--to: expected ${latest} or earlier, found ${JSON.stringify(asked.to)}: a window that is not over yet would be finished too early; nightly syncs read the present`,
    );
  }
  const count = Math.ceil((to - from) / chunkMsOf(plan));
  if (count > MAX_WINDOWS)
    throw new InvalidInput(
      `--chunk: ${chunk} cuts the range into ${count} windows; expected ${MAX_WINDOWS} at most: choose a longer one`,
    );
  return plan;
}

export const rangeLabel = ({ from, to }: BackfillPlan): string => `${from}..${to}`;
export const chunkMsOf = ({ chunk }: BackfillPlan): number => parseDuration(chunk) ?? DAY;
export const isDay = (bound: string): boolean => !bound.includes('T');

/** `2026-01-01T06:00:00Z`, with milliseconds only where there are some. */
export const shortTime = (epochMs: number): string => new Date(epochMs).toISOString().replace('.000Z', 'Z');

/** Begin and end of the whole range, epoch ms. */
export function boundsOf({ from, to, zone }: BackfillPlan): { readonly from: number; readonly to: number } {
  const begin = (bound: string): number =>
    isDay(bound) && zone !== null ? startOfDay(bound, zone) : Date.parse(startOf(bound) ?? '');
  return { from: begin(from), to: isDay(to) ? begin(nextDay(to)) : begin(to) };
}

export const nextDay = (day: string, days = 1): string => dayOf(Date.parse(plus(`${day}T00:00:00Z`, days * DAY)));

function checkBound(flag: string, text: string): string {
  const start = startOf(text);
  if (start === undefined)
    throw new InvalidInput(
      `${flag}: expected a day (2026-01-31) or a time (2026-01-31T06:00:00Z), found ${JSON.stringify(text)}`,
    );
  return isDay(text) ? text : shortTime(Date.parse(start));
}

function checkChunk(text: string): string {
  const ms = parseDuration(text);
  if (ms === undefined || ms < MINUTE || ms % MINUTE !== 0)
    throw new InvalidInput(
      `--chunk: expected whole minutes, hours, days or weeks (30m, 6h, 1d, 2w), found ${JSON.stringify(text)}`,
    );
  if (ms % DAY === 0) return `${ms / DAY}d`;
  return ms % HOUR === 0 ? `${ms / HOUR}h` : `${ms / MINUTE}m`;
}

function checkZone({ from, to, zone }: AskedPlan, chunk: string): string | null {
  if (zone === undefined || zone === 'UTC') return null;
  if (!isZone(zone))
    throw new InvalidInput(`--zone: expected a time zone such as Europe/Berlin, found ${JSON.stringify(zone)}`);
  if (!chunk.endsWith('d') || !isDay(from) || !isDay(to))
    throw new InvalidInput(
      '--zone: expected --from and --to as days and --chunk in days with it, since it says whose days they are; leave it out for times',
    );
  return zone;
}

function checkOrder(text: string): Order {
  const found = orders.find((order) => order === text);
  if (found === undefined)
    throw new InvalidInput(`--order: expected ${orders.join(' or ')}, found ${JSON.stringify(text)}`);
  return found;
}
