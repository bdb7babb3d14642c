/**
 * What part of an answer's latency tells that the request arrived late. Arrival ≤ answer − the least that the partner's work
 * and the way back take, so whatever goes beyond the shortest latency may have been spent on the way there.
 */
export interface UsualLatency {
  readonly recentMs: readonly number[];
  /** The shortest one; forgotten slowly, should the way become longer. */
  readonly leastMs: number;
  /** Latency up to which a request counts as punctual. */
  readonly baseMs: number;
}

export const nothingSeen: UsualLatency = { recentMs: [], leastMs: Infinity, baseMs: 0 };
const KEPT = 200;
const FORGET = 1.001;
/** Until so many were seen they prove little: a process that has just started is slow itself. */
const ENOUGH = 12;
const EARLY_DOUBT_MS = 50;
/** Even the shortest one seen had some delay in it. */
const DOUBT_MS = 0.8;
const FAST_MS = 20;
/** What waiting for late answers may cost on average, at least, where they come before the next turn. */
const SERIAL_PAY_MS = 2.5;
/** On a busy machine answers are late because of us: several times as much as a timer, which wakes a process that rested. */
const PAY_PER_LAG = 12;

export function sawLatency(
  usual: UsualLatency,
  latencyMs: number,
  given: { readonly periodMs: number; readonly lagMs: number },
): UsualLatency {
  const recentMs = [...usual.recentMs.slice(-KEPT + 1), latencyMs];
  const leastMs = Math.min(...recentMs, usual.leastMs * FORGET);
  return { recentMs, leastMs, baseMs: baseOf({ recentMs, leastMs }, given) };
}

/** Another process saw a shorter one. */
export const heardOf = (usual: UsualLatency, leastMs: number | undefined): UsualLatency =>
  leastMs === undefined || leastMs >= usual.leastMs
    ? usual
    : { ...usual, leastMs, baseMs: Math.min(usual.baseMs, leastMs) };

export const leastOf = ({ leastMs }: UsualLatency): number | undefined => (leastMs === Infinity ? undefined : leastMs);

const STALL_MS = 100;
const RARE = 0.01;

/** How long an overdue answer is waited for: longer where that is rare, and more likely to be a stall than a heavy page. */
export function patienceOf({ recentMs, baseMs }: UsualLatency): number {
  const stalls = recentMs.filter((each) => each > baseMs + STALL_MS).length;
  return stalls <= Math.max(1, recentMs.length * RARE) ? 1000 : 250;
}

function baseOf(
  { recentMs, leastMs }: Omit<UsualLatency, 'baseMs'>,
  { periodMs, lagMs }: { readonly periodMs: number; readonly lagMs: number },
): number {
  if (recentMs.length < ENOUGH) return Math.max(0, leastMs - Math.max(EARLY_DOUBT_MS, periodMs / 2));
  const serial = leastMs < periodMs;
  const payMs = serial
    ? Math.max(periodMs / 10, periodMs < FAST_MS ? periodMs : SERIAL_PAY_MS) + PAY_PER_LAG * lagMs
    : periodMs / 20;
  // Fast partners without a burst forgive nothing: there the least may be doubted as a whole.
  const doubtMs = Math.min(periodMs < FAST_MS ? leastMs : leastMs / 2, Math.max(DOUBT_MS, periodMs / 100));
  const sorted = recentMs.toSorted((a, b) => a - b);
  // The median: a few long stalls are no habit of the partner.
  const usualMs = sorted[sorted.length >> 1] ?? leastMs;
  return (usualMs - leastMs <= payMs ? leastMs : affordable(sorted, payMs)) - doubtMs;
}

/**
 * The least latency whose mean excess is at most `payMs`. A partner whose answers vary more than the pace can pay for is
 * not waited for: its longer latencies are its usual ones.
 */
function affordable(sorted: readonly number[], payMs: number): number {
  let above = sorted.reduce((sum, each) => sum + each, 0);
  for (const [i, base] of sorted.entries()) {
    const count = sorted.length - i;
    if ((above - count * base) / sorted.length <= payMs) return base;
    above -= base;
  }
  return sorted.at(-1) ?? 0;
}
