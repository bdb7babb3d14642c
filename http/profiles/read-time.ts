import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import type { TimeForm } from '../../core/quota.ts';
import { parseHttpDate } from '../http-date.ts';

/** No limit we know has a longer window than a month. */
export const MAX_RESET_MS = 32 * DAY;
/** A bare number is taken for a time only if that time is near. */
export const NEAR_MS = 2 * DAY;

/**
 * Milliseconds from the partner's now until the time that a header names; 0 when it has passed. undefined: the value has
 * not this form, or names a time that cannot be meant. Never NaN, never negative, may be beyond any cap.
 */
export function readTime(text: string, form: TimeForm, partnerNowMs: number): number | undefined {
  const value = text.trim();
  return value === '' || value.length > 100 ? undefined : forms[form](value, partnerNowMs);
}

const forms: Readonly<Record<TimeForm, (value: string, partnerNowMs: number) => number | undefined>> = {
  seconds: (value) => scaled(value, SECOND),
  milliseconds: (value) => scaled(value, 1),
  epoch: (value, nowMs) => until(scaled(value, SECOND), nowMs, MAX_RESET_MS),
  epochMs: (value, nowMs) => until(scaled(value, 1), nowMs, MAX_RESET_MS),
  // One parser for both: partners that say the one send the other.
  iso: (value, nowMs) => until(parseHttpDate(value, nowMs), nowMs, MAX_RESET_MS),
  httpDate: (value, nowMs) => until(parseHttpDate(value, nowMs), nowMs, MAX_RESET_MS),
  duration: (value) => readDuration(value),
  auto: (value, nowMs) =>
    isDecimal(value)
      ? guessed(Number(value), nowMs)
      : (readDuration(value) ?? until(parseHttpDate(value, nowMs), nowMs, MAX_RESET_MS)),
};

// Not Number(): '' would be 0 and '0x10' 16.
const isDecimal = (value: string): boolean => /^\d{1,20}(\.\d{1,20})?$/.test(value);
const scaled = (value: string, unitMs: number): number | undefined =>
  isDecimal(value) ? Math.ceil(Number(value) * unitMs) : undefined;

function until(atMs: number | undefined, nowMs: number, horizonMs: number): number | undefined {
  if (atMs === undefined || atMs < nowMs - NEAR_MS || atMs > nowMs + horizonMs) return undefined;
  return Math.max(0, Math.ceil(atMs - nowMs));
}

/** One name means seconds for one partner and a time for the next: small numbers count seconds, large ones are times. */
function guessed(value: number, nowMs: number): number | undefined {
  if (value < 1e8) return Math.ceil(value * SECOND);
  return until(value < 1e11 ? value * SECOND : value, nowMs, NEAR_MS);
}

const unitsMs: Readonly<Record<string, number>> = {
  d: DAY,
  h: HOUR,
  m: MINUTE,
  s: SECOND,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
const parts = /(\d{1,15}(?:\.\d{1,15})?)(ms|us|µs|ns|d|h|m|s)/gy;

/** Milliseconds of a Go duration (`6m0s`, `1.5s`, `20ms`), as OpenAI and Google's RetryInfo write it. */
export function readDuration(value: string): number | undefined {
  let totalMs = 0;
  let end = 0;
  for (const [part, number, unit] of value.matchAll(parts)) {
    totalMs += Number(number) * (unitsMs[unit ?? ''] ?? 0);
    end += part.length;
  }
  return end === value.length ? Math.ceil(totalMs) : undefined;
}
