import { parseHttpDate } from './http-date.ts';
import { readPartnerClock } from './partner-clock.ts';
import { NEAR_MS, readDuration } from './profiles/read-time.ts';

export interface Wait {
  /** Never NaN, never negative, never beyond the cap. */
  readonly waitMs: number;
  /** The partner asked for more than the cap. */
  readonly cut: boolean;
}

export interface RetryAfterInput {
  readonly value: string | undefined;
  /** The answer's own Date header: a date is measured against the partner's clock, not ours. */
  readonly date: string | undefined;
  readonly nowMs: number;
  readonly maxWaitMs: number;
}

/** How long `Retry-After` asks to wait (RFC 9110 §10.2.3), or undefined when it says nothing that can be read. */
export function readRetryAfter({ value, date, nowMs, maxWaitMs }: RetryAfterInput): Wait | undefined {
  const waitMs = parseRetryAfter(value, () => readPartnerClock({ date }, nowMs) ?? nowMs);
  return waitMs === undefined ? undefined : capWait(waitMs, maxWaitMs);
}

/**
 * Milliseconds that a value of `Retry-After` asks for, uncapped: seconds (`120`, Shopify's `2.0`), a date in any form, a
 * duration (`30s`), or a number so large that it can only be a time of today (some partners send epoch seconds).
 */
export function parseRetryAfter(value: string | undefined, partnerNowMs: () => number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '' || text.length > 1000) return undefined;
  // Not Number(): '' would be 0 and '0x10' 16.
  if (/^\d+(\.\d+)?$/.test(text)) return secondsOrTime(Number(text), partnerNowMs);
  const untilMs = parseHttpDate(text, partnerNowMs());
  return readDuration(text) ?? (untilMs === undefined ? undefined : Math.max(0, untilMs - partnerNowMs()));
}

function secondsOrTime(value: number, partnerNowMs: () => number): number {
  if (value >= 1e9 && value < 1e14) {
    const untilMs = Math.ceil((value < 1e11 ? value * 1000 : value) - partnerNowMs());
    if (Math.abs(untilMs) <= NEAR_MS) return Math.max(0, untilMs);
  }
  return Math.ceil(value * 1000);
}

export function capWait(waitMs: number, maxWaitMs: number): Wait {
  return { waitMs: Math.min(Math.max(0, waitMs), maxWaitMs), cut: waitMs > maxWaitMs };
}
