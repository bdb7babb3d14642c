import { GiveUp } from '../../core/errors.ts';
import type { TimeFormat } from '../../definitions/definition.ts';
import { assertNever } from '../../core/assert-never.ts';

export interface TimeBound {
  readonly format: TimeFormat;
  /** A start rounds down and an end rounds up, so that a coarse format asks for more, never for less. */
  readonly round: 'down' | 'up';
  /** One step of the format earlier: for a start that the partner itself excludes. */
  readonly stepBack?: boolean;
}

/** A bound of a time range as the partner wants to read it. Numbers for the epoch formats. */
export function formatTime(iso: string, { format, round, stepBack = false }: TimeBound): string | number {
  const { nanos, digits } = parseInstant(iso);
  const unit = format === 'iso' ? fractionUnit(digits) : units[format];
  const down = floorDivide(nanos, unit);
  const rounded = round === 'up' && down * unit !== nanos ? down + 1n : down;
  const steps = stepBack ? rounded - 1n : rounded;
  switch (format) {
    case 'iso':
      return isoText(steps * unit, stepBack && digits === 0 ? 3 : digits);
    case 'isoSeconds':
      return isoText(steps * unit, 0);
    case 'date':
      return isoText(steps * unit, 0).slice(0, 10);
    case 'epochSeconds':
    case 'epochMs':
      return Number(steps);
    default:
      return assertNever(format);
  }
}

const SECOND = 1_000_000_000n;
const units = {
  isoSeconds: SECOND,
  date: 86_400n * SECOND,
  epochSeconds: SECOND,
  epochMs: 1_000_000n,
} as const satisfies Record<Exclude<TimeFormat, 'iso'>, bigint>;

/** Milliseconds, microseconds or nanoseconds: the finest the given text speaks of. */
const fractionUnit = (digits: number): bigint => (digits <= 3 ? 1_000_000n : digits <= 6 ? 1_000n : 1n);

const instant = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** A Date holds milliseconds only; partners' microseconds must not be lost, hence nanoseconds and a bigint. */
function parseInstant(iso: string): { nanos: bigint; digits: number } {
  const [, seconds, fraction = '', zone] = instant.exec(iso) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms)) throw new GiveUp('a bound of the time range is not an ISO time with a zone');
  return { nanos: BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0')), digits: fraction.length };
}

function isoText(nanos: bigint, digits: number): string {
  const seconds = floorDivide(nanos, SECOND);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = (nanos - seconds * SECOND).toString().padStart(9, '0');
  const shown = digits === 0 ? 0 : digits <= 3 ? 3 : digits <= 6 ? 6 : 9;
  return shown === 0 ? `${text}Z` : `${text}.${fraction.slice(0, shown)}Z`;
}

/** BigInt division cuts towards zero; times before 1970 need the floor. */
function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
