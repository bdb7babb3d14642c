import { instantIn } from './zone.ts';

/** A time as somebody wrote it: the clock's face, and what stood behind it. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits behind the point; may be empty. */
  readonly fraction: string;
  /** Minutes ahead of UTC; undefined: it was not said. */
  readonly offset: number | undefined;
}

/** `2026-01-02T03:04:05.678Z` of a time that exists within the years 1 to 9999; `zone` is where it was written, if it does not say so. */
export function instantText(local: LocalTime, zone: string | undefined): string | undefined {
  if (!exists(local)) return undefined;
  const ms = clockMs(local);
  if (local.offset !== undefined) return utcText(ms - local.offset * 60_000, local.fraction);
  return zone === undefined ? undefined : utcText(zone === 'UTC' ? ms : instantIn(zone, ms), local.fraction);
}

/** `2026-01-02`, whatever the zone; undefined for a day that does not exist. */
export const dayText = (local: LocalTime): string | undefined =>
  exists(local) ? new Date(clockMs(local)).toISOString().slice(0, 10) : undefined;

/** Of whole seconds and the digits behind the point. */
export function utcText(ms: number, fraction: string): string | undefined {
  const time = new Date(ms);
  const year = time.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return undefined;
  return `${time.toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** Minutes ahead of UTC of `Z`, `GMT`, `+02:00`, `+0200` or `+02`; undefined for nothing, NaN for an offset that no clock has. */
export function offsetMinutes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, sign, hours = '', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const offset = Number(hours) * 60 + Number(minutes);
  return Number(minutes) > 59 || offset > MOST_OFFSET ? NaN : sign === '-' ? -offset : offset;
}

/** The Line Islands are 14 hours ahead, and columns take no more. */
const MOST_OFFSET = 14 * 60 + 59;

/** As if it were UTC. Date.UTC takes the years 0 to 99 for 1900 to 1999. */
function clockMs({ year, month, day, hour, minute, second }: LocalTime): number {
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  return time.setUTCHours(hour, minute, second);
}

function exists({ year, month, day, hour, minute, second, offset }: LocalTime): boolean {
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return false;
  if (!(hour <= 23 && minute <= 59 && second <= 59) || Number.isNaN(offset)) return false;
  return day <= 28 || day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
