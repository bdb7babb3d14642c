import { assertNever } from '../../core/assert-never.ts';
import { GiveUp } from '../../core/errors.ts';
import type { LocalTime } from '../../core/local-time.ts';
import { epochDigits, isNamedFormat, type NamedTimeFormat, type TimeFormat } from '../../core/time-formats.ts';
import { timePattern, type TimePattern } from '../../core/time-pattern.ts';
import { clockChanges, offsetAt } from '../../core/zone.ts';
import { DAY, MINUTE } from '../../core/duration.ts';

export interface TimeBound {
  readonly format: TimeFormat;
  /** A start rounds down and an end rounds up, so that a coarse format asks for more, never for less. */
  readonly round: 'down' | 'up';
  /** One step of the format earlier: for a start that the partner itself excludes. */
  readonly stepBack?: boolean;
  /** Whose clock the partner reads; UTC if absent. */
  readonly zone?: string | undefined;
}

/** A bound of a time range as the partner wants to read it. Numbers for the epoch formats. */
export function formatTime(iso: string, { format, round, stepBack = false, zone }: TimeBound): string | number {
  const { nanos, digits } = parseInstant(iso);
  const { unit, write, isLocal } = formOf(format, { digits, stepBack });
  const atMs = Number(floorDivide(nanos, MS));
  const trueMs = zone === undefined || zone === 'UTC' ? 0 : offsetAt(zone, atMs);
  // Long ago clocks differed by seconds, which no offset can say.
  const offsetMs = isLocal === true ? trueMs : Math.round(trueMs / MINUTE) * MINUTE;
  const local = nanos + BigInt(offsetMs) * MS;
  const down = floorDivide(local, unit);
  const rounded = round === 'up' && down * unit !== local ? down + 1n : down;
  const shown = (stepBack ? rounded - 1n : rounded) * unit;
  if (isLocal !== true || zone === undefined) return write(shown, offsetMs);
  return write(unmistakable(shown, { zone, round, atMs, unit }), offsetMs);
}

interface Form {
  readonly unit: bigint;
  /** It does not say the offset: the partner takes it for its own zone's. */
  readonly isLocal?: boolean;
  /** Of nanoseconds as the clock shows them. */
  readonly write: (shown: bigint, offsetMs: number) => string | number;
}

const MS = 1_000_000n;
const SECOND = 1000n * MS;

function formOf(
  format: TimeFormat,
  { digits, stepBack }: { readonly digits: number; readonly stepBack: boolean },
): Form {
  if (!isNamedFormat(format)) return patternForm(patternOf(format));
  switch (format) {
    case 'iso': {
      const shown = stepBack && digits === 0 ? 3 : digits;
      return {
        unit: fractionUnit(digits),
        write: (time, offsetMs) => `${isoText(time, shown)}${offsetText(offsetMs)}`,
      };
    }
    case 'isoSeconds':
      return { unit: SECOND, write: (time, offsetMs) => `${isoText(time, 0)}${offsetText(offsetMs)}` };
    case 'isoNoZone':
      return { unit: SECOND, isLocal: true, write: (time) => isoText(time, 0) };
    case 'date':
      return { unit: 86_400n * SECOND, isLocal: true, write: (time) => isoText(time, 0).slice(0, 10) };
    case 'compact':
    case 'httpDate':
      return patternForm(patternOf(patterns[format]));
    case 'dotNet':
      return { unit: MS, write: (time, offsetMs) => `/Date(${time / MS - BigInt(offsetMs)})/` };
    case 'epochSeconds':
    case 'epochMs':
    case 'epochMicros':
    case 'epochNanos':
      return epochForm(format);
    default:
      return assertNever(format);
  }
}

const patterns = {
  compact: "yyyyMMdd'T'HHmmssXX",
  httpDate: 'EEE, dd MMM yyyy HH:mm:ss z',
} as const satisfies Partial<Record<NamedTimeFormat, string>>;

const known = new Map<string, TimePattern>();

function patternOf(text: string): TimePattern {
  const found = known.get(text);
  if (found !== undefined) return found;
  const pattern = timePattern(text);
  if ('problem' in pattern) throw new GiveUp(`the format of a time cannot be written: ${pattern.problem}`);
  known.set(text, pattern);
  return pattern;
}

const patternForm = ({ unit, hasOffset, write }: TimePattern): Form => ({
  unit,
  isLocal: !hasOffset,
  write: (time, offsetMs) => write(localTime(time, offsetMs)),
});

function epochForm(format: keyof typeof epochDigits): Form {
  const unit = 10n ** BigInt(9 - epochDigits[format]);
  return {
    unit,
    write: (time, offsetMs) => {
      const steps = (time - BigInt(offsetMs) * MS) / unit;
      // No double holds today's nanoseconds.
      return Number.isSafeInteger(Number(steps)) ? Number(steps) : String(steps);
    },
  };
}

function localTime(shown: bigint, offsetMs: number): LocalTime {
  const seconds = floorDivide(shown, SECOND);
  const time = new Date(Number(seconds) * 1000);
  return {
    year: time.getUTCFullYear(),
    month: time.getUTCMonth() + 1,
    day: time.getUTCDate(),
    hour: time.getUTCHours(),
    minute: time.getUTCMinutes(),
    second: time.getUTCSeconds(),
    fraction: String(shown - seconds * SECOND).padStart(9, '0'),
    offset: offsetMs / 60_000,
  };
}

/**
 * Of an hour that comes twice, as clocks are put back, nobody knows which one the partner takes it for: a start lies before the
 * first of the two, and an end behind the second.
 */
function unmistakable(
  shown: bigint,
  {
    zone,
    round,
    atMs,
    unit,
  }: { readonly zone: string; readonly round: 'down' | 'up'; readonly atMs: number; readonly unit: bigint },
): bigint {
  for (const { kind, fromLocalMs, toLocalMs } of clockChanges(zone, atMs - 2 * DAY, atMs + 2 * DAY)) {
    const [from, to] = [BigInt(fromLocalMs) * MS, BigInt(toLocalMs) * MS];
    if (kind !== 'overlap' || shown < from || shown >= to) continue;
    return round === 'down' ? floorDivide(from - 1n, unit) * unit : -floorDivide(-to, unit) * unit;
  }
  return shown;
}

/** Milliseconds, microseconds or nanoseconds: the finest the given text speaks of. */
const fractionUnit = (digits: number): bigint => (digits <= 3 ? MS : digits <= 6 ? 1_000n : 1n);

const instant = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** A Date holds milliseconds only; partners' microseconds must not be lost, hence nanoseconds and a bigint. */
function parseInstant(iso: string): { nanos: bigint; digits: number } {
  const [, seconds, fraction = '', zone] = instant.exec(iso) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms)) throw new GiveUp('a bound of the time range is not an ISO time with a zone');
  return { nanos: BigInt(ms) * MS + BigInt(fraction.padEnd(9, '0')), digits: fraction.length };
}

/** Without a zone. */
function isoText(nanos: bigint, digits: number): string {
  const seconds = floorDivide(nanos, SECOND);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = (nanos - seconds * SECOND).toString().padStart(9, '0');
  const shown = digits === 0 ? 0 : digits <= 3 ? 3 : digits <= 6 ? 6 : 9;
  return shown === 0 ? text : `${text}.${fraction.slice(0, shown)}`;
}

function offsetText(offsetMs: number): string {
  if (offsetMs === 0) return 'Z';
  const minutes = Math.abs(offsetMs) / 60_000;
  const [hours, rest] = [Math.floor(minutes / 60), Math.floor(minutes % 60)].map((value) =>
    String(value).padStart(2, '0'),
  );
  return `${offsetMs < 0 ? '-' : '+'}${hours}:${rest}`;
}

/** BigInt division cuts towards zero; times before 1970 need the floor. */
function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
