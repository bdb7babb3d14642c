import { parseHttpDate } from './http-date.ts';

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
  const text = value?.trim() ?? '';
  // Not Number(): '' would be 0 and '0x10' 16. Decimals are sent too (Shopify: `2.0`).
  if (/^\d+(\.\d+)?$/.test(text)) return capWait(Math.ceil(Number(text) * 1000), maxWaitMs);
  const until = parseHttpDate(text, nowMs);
  return until === undefined ? undefined : capWait(until - partnerNow(date, nowMs), maxWaitMs);
}

/** The partner's clock, if its answer tells it. */
export function partnerNow(date: string | undefined, nowMs: number): number {
  return (date === undefined ? undefined : parseHttpDate(date, nowMs)) ?? nowMs;
}

export function capWait(waitMs: number, maxWaitMs: number): Wait {
  return { waitMs: Math.min(Math.max(0, waitMs), maxWaitMs), cut: waitMs > maxWaitMs };
}
