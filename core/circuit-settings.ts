import { SECOND } from './duration.ts';

export interface CircuitSettings {
  /** First and longest time without a call, ms: drawn between half of it and all of it, doubled after each failed probe. */
  readonly baseMs: number;
  readonly capMs: number;
  /** The recent period over which the share of failures is taken, ms. */
  readonly windowMs: number;
  /** Fewer calls than that in the period prove nothing. */
  readonly minCalls: number;
  /** It opens when this share of the recent calls failed (0 to 1) … */
  readonly share: number;
  /** … or so many in a row. */
  readonly streak: number;
  /** Good probes in a row that close it. */
  readonly probes: number;
  /** A probe whose owner is not heard of for that long is given to the next one, ms. */
  readonly leaseMs: number;
  /** Retries at hand while it is closed: each failure takes one … */
  readonly retries: number;
  /** … and each success gives back this part of one. */
  readonly refund: number;
}

/** All but what a definition's `retry` and `timeout` say. */
const usual = {
  windowMs: 60 * SECOND,
  minCalls: 10,
  share: 0.5,
  streak: 5,
  probes: 2,
  retries: 10,
  refund: 0.1,
} as const satisfies Partial<CircuitSettings>;

/** How long after its timeout a probe is taken for lost with its owner. */
const LATE_MS = 5 * SECOND;

/** The settings of a partner: from its backoff and the longest time a request may take, ms, with what differs. */
export function circuitSettings(
  { baseMs, capMs, timeoutMs }: { readonly baseMs: number; readonly capMs: number; readonly timeoutMs: number },
  change: Partial<CircuitSettings> = {},
): CircuitSettings {
  return { ...usual, baseMs, capMs, leaseMs: timeoutMs + LATE_MS, ...change };
}

/**
 * Most calls that go out while a partner is down for `outageMs`: `inFlight` at the moment it goes down or started before its
 * failures were known, the streak that opens the circuit, and the probes.
 */
export function mostCallsInOutage(settings: CircuitSettings, outageMs: number, inFlight: number): number {
  let probes = 0;
  for (
    let [at, longestMs] = [0, settings.baseMs];
    at <= outageMs;
    longestMs = Math.min(2 * longestMs, settings.capMs)
  ) {
    at += Math.min(longestMs, settings.capMs) / 2;
    if (at <= outageMs) probes += 1;
  }
  return settings.streak + inFlight + probes;
}
