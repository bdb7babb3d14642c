/** So many requests in a time, as far as backfills may use them. */
export interface Allowance {
  readonly name: string;
  /** `rate` flows; of the others a period's requests may go out at once. */
  readonly kind: 'rate' | 'window' | 'quota';
  readonly requests: number;
  readonly perMs: number;
  /** Which part of the limit that is. */
  readonly share: number;
  /** Of the present period, where it is known. */
  readonly left?: number;
  readonly resetsInMs?: number;
}

export interface Estimate {
  /** Null: nobody knows what a window takes. */
  readonly requests: number | null;
  readonly ms: number | null;
  /** What makes it last that long: the name of a limit, or the pace so far. */
  readonly because: string | null;
}

/** How much is still to do, and how long that takes: by the pace so far, but no faster than each limit allows. */
export function estimateLeft(work: {
  readonly windows: number;
  readonly requestsPerWindow: number | null;
  /** With all that run side by side; null: none has ended. */
  readonly msPerWindow: number | null;
  readonly allowances: readonly Allowance[];
}): Estimate {
  const { windows, requestsPerWindow, msPerWindow, allowances } = work;
  const requests = requestsPerWindow === null ? null : Math.ceil(windows * requestsPerWindow);
  const bounds = [
    ...(msPerWindow === null ? [] : [{ because: 'the pace so far', ms: windows * msPerWindow }]),
    ...(requests === null ? [] : allowances.map((each) => ({ because: each.name, ms: msBy(each, requests) }))),
  ];
  const longest = bounds.toSorted((a, b) => b.ms - a.ms)[0];
  return { requests, ms: longest === undefined ? null : Math.round(longest.ms), because: longest?.because ?? null };
}

function msBy(allowance: Allowance, requests: number): number {
  const { kind, perMs, left = allowance.requests, resetsInMs = perMs } = allowance;
  if (kind === 'rate') return (requests / allowance.requests) * perMs;
  if (requests <= left) return 0;
  return resetsInMs + Math.floor((requests - left - 1) / allowance.requests) * perMs;
}

/** Complete runs of a stream and what they took together. */
export interface PastRuns {
  readonly runs: number;
  readonly requests: number;
  readonly rangeMs: number;
}

/** Requests of a window of this length, and how that is known; null: by nothing. */
export function requestsPerWindow(
  past: { readonly alike: PastRuns; readonly any: PastRuns },
  windowMs: number,
): { readonly requests: number; readonly basis: string } | null {
  const { alike, any } = past;
  if (alike.runs > 0)
    return { requests: alike.requests / alike.runs, basis: `${count(alike.runs)} over as long a time` };
  if (any.runs === 0 || any.rangeMs <= 0) return null;
  return {
    requests: Math.max(1, (any.requests / any.rangeMs) * windowMs),
    basis: `${count(any.runs)} over other times, by their length`,
  };
}

const count = (runs: number): string => (runs === 1 ? '1 past run' : `${runs} past runs`);
