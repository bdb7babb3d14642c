import type { RetryAfterForm } from './fault.ts';

/** A `Retry-After` value in the asked form (RFC 9110 §5.6.7, §10.2.3), and when it lets the client come back. */
export function retryAfter(form: RetryAfterForm, seconds: number, nowMs: number): Wait {
  return forms[form](seconds, nowMs);
}

export interface Wait {
  /** Of the header; undefined: no header. */
  readonly value: string | undefined;
  /** Now, where the header cannot be meant. */
  readonly untilMs: number;
}

const forms: Record<RetryAfterForm, (seconds: number, nowMs: number) => Wait> = {
  int: (seconds, nowMs) => ({ value: String(Math.ceil(seconds)), untilMs: nowMs + Math.ceil(seconds) * 1000 }),
  decimal: (seconds, nowMs) => ({
    value: Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds),
    untilMs: nowMs + seconds * 1000,
  }),
  imf: (seconds, nowMs) => dated(seconds, nowMs, (at) => at.toUTCString()),
  rfc850: (seconds, nowMs) => dated(seconds, nowMs, rfc850),
  asctime: (seconds, nowMs) => dated(seconds, nowMs, asctime),
  past: (_, nowMs) => ({ value: new Date(nowMs - 3_600_000).toUTCString(), untilMs: nowMs }),
  huge: (_, nowMs) => ({ value: '1000000000', untilMs: nowMs }),
  garbage: (_, nowMs) => ({ value: 'soon', untilMs: nowMs }),
  none: (_, nowMs) => ({ value: undefined, untilMs: nowMs }),
};

/** Dates have no fractions: rounded up, so that the wait is never shorter than asked. */
function dated(seconds: number, nowMs: number, format: (at: Date) => string): Wait {
  const at = new Date(Math.ceil(nowMs / 1000 + seconds) * 1000);
  return { value: format(at), untilMs: at.getTime() };
}

const longDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
function rfc850(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${longDays[at.getUTCDay()]}, ${day}-${month}-${year?.slice(2)} ${time} GMT`;
}

/** `Sun Nov  6 08:49:37 1994`: no zone, and the day is padded with a space. */
function asctime(at: Date): string {
  const [weekday, , month, year, time] = at.toUTCString().split(' ');
  return `${weekday?.slice(0, 3)} ${month} ${String(at.getUTCDate()).padStart(2)} ${time} ${year}`;
}
