import { assertNever } from './assert-never.ts';
import { parseDecimal } from './decimal.ts';
import { dayText, instantText, offsetMinutes, utcText, type LocalTime } from './local-time.ts';
import { epochDigits, isNamedFormat, type TimeFormat } from './time-formats.ts';
import { timePattern } from './time-pattern.ts';
import { dayIn } from './zone.ts';

/** How times come. */
export interface TimeForms {
  /** Those that are tried, in their order. */
  readonly formats: readonly TimeFormat[];
  /** Where a time was written that does not say so. */
  readonly zone: string | undefined;
}

/** What is read: `2026-01-02T03:04:05.678Z`, or the day as it is written. */
export type TimeKind = 'timestamp' | 'date';

/** The text of a time. `zoneless`: it is one, but of which zone? undefined: it is none. */
export type TimeRead = { readonly text: string } | 'zoneless' | undefined;

export function timeReader({ formats, zone }: TimeForms, kind: TimeKind): (value: unknown) => TimeRead {
  const readers = formats.map((format) => readerOf(format, zone, kind));
  return (value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    let found: TimeRead;
    for (const read of readers) {
      const time = read(value);
      if (typeof time === 'object') return time;
      found ??= time;
    }
    return found;
  };
}

type Read = (value: string | number) => TimeRead;

function readerOf(format: TimeFormat, zone: string | undefined, kind: TimeKind): Read {
  const whole = (local: LocalTime | undefined): TimeRead => ofLocal(local, { zone, kind });
  if (!isNamedFormat(format)) {
    const pattern = timePattern(format);
    return 'problem' in pattern ? () => undefined : (value) => whole(pattern.read(String(value).trim()));
  }
  switch (format) {
    case 'iso':
    case 'isoSeconds':
    case 'isoNoZone':
      return (value) => (typeof value === 'string' ? whole(groupsOf(iso, value)) : undefined);
    case 'date':
      return (value) => (typeof value === 'string' ? whole(groupsOf(date, value)) : undefined);
    case 'compact':
      return (value) => whole(groupsOf(compact, String(value)));
    case 'httpDate':
      return (value) =>
        typeof value !== 'string'
          ? undefined
          : httpDates.map((read) => whole(read(value.trim()))).find((time) => time !== undefined);
    case 'dotNet': {
      // What stands behind the milliseconds is the zone of whoever wrote it, and changes nothing.
      return (value) => {
        const ms = typeof value === 'string' ? dotNet.exec(value)?.[1] : undefined;
        return ms === undefined ? undefined : ofEpoch(ms, 3, { zone, kind });
      };
    }
    case 'epochSeconds':
    case 'epochMs':
    case 'epochMicros':
    case 'epochNanos': {
      const digits = epochDigits[format];
      return (value) => ofEpoch(value, digits, { zone, kind });
    }
    default:
      return assertNever(format);
  }
}

const zoneText = '([Zz]|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?)';
const iso = new RegExp(
  `^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[Tt]| +)(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,60}))?)?(?: ?${zoneText})?$`,
);
const date = /^(\d{4})-(\d\d)-(\d\d)$/;
const compact = new RegExp(
  `^(\\d{4})(\\d\\d)(\\d\\d)(?:[Tt ]?(\\d\\d)(\\d\\d)(\\d\\d)?(?:[.,](\\d{1,60}))?${zoneText}?)?$`,
);
const dotNet = /^\\?\/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?\/$/;

/** The three forms of RFC 9110 §5.6.7, and what mail and feeds make of them (RFC 5322). */
const httpDates = [
  'EEE, d MMM yyyy HH:mm:ss z',
  'EEE, d MMM yyyy HH:mm z',
  'd MMM yyyy HH:mm:ss z',
  'EEEE, dd-MMM-yy HH:mm:ss z',
  'EEE MMM d HH:mm:ss yyyy',
].map((text) => {
  const pattern = timePattern(text);
  if ('problem' in pattern) throw new Error(pattern.problem);
  return (value: string): LocalTime | undefined => {
    const local = pattern.read(value);
    // The form without a zone is GMT, too.
    return local?.offset === undefined && local !== undefined ? { ...local, offset: 0 } : local;
  };
});

function groupsOf(expression: RegExp, text: string): LocalTime | undefined {
  const match = expression.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
    offset: offsetMinutes(zone),
  };
}

interface Wanted {
  readonly zone: string | undefined;
  readonly kind: TimeKind;
}

function ofLocal(local: LocalTime | undefined, { zone, kind }: Wanted): TimeRead {
  if (local === undefined) return undefined;
  if (kind === 'date') return textOf(dayText(local));
  const text = instantText(local, zone);
  if (text !== undefined) return { text };
  return zone === undefined && local.offset === undefined && dayText(local) !== undefined ? 'zoneless' : undefined;
}

function ofEpoch(value: string | number, digits: number, { zone = 'UTC', kind }: Wanted): TimeRead {
  const decimal = parseDecimal(String(value));
  if (decimal === undefined || decimal.whole.length > 20) return undefined;
  const { negative, whole, fraction } = decimal;
  const shift = NANO_DIGITS - digits;
  const size = BigInt(whole + fraction.slice(0, shift).padEnd(shift, '0'));
  const nanos = negative ? -size : size;
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  const seconds = Number((nanos - rest) / SECOND);
  const text = utcText(seconds * 1000, rest === 0n ? '' : String(rest).padStart(NANO_DIGITS, '0').replace(/0+$/, ''));
  return kind === 'date' && text !== undefined ? { text: dayIn(seconds * 1000, zone) } : textOf(text);
}

const NANO_DIGITS = 9;
const SECOND = 1_000_000_000n;

const textOf = (text: string | undefined): TimeRead => (text === undefined ? undefined : { text });
