/**
 * When the holder of a turn may send its next request: GCRA over the moments at which its requests may have arrived at the
 * latest, by a monotonic clock (ms). Pure: a value and its steps.
 *
 * A request arrives no later than its answer less the usual latency; so long as an answer is overdue, its request counts as
 * arriving now. For an answer that comes after the next turn anyway, the moment the kernel had the request counts.
 */
export interface Pace {
  /** Time of one unit; 0 without a rate. */
  readonly periodMs: number;
  /** Units that may be sent at once: as declared, but for what is kept back. */
  readonly burst: number;
  readonly mostBurst: number;
  /** An answer that is overdue for longer is the partner's own slowness, not a request on its way. */
  readonly patienceMs: number;
  /** Theoretical arrival time of all that is settled. */
  readonly tatMs: number;
  readonly sent: readonly Sent[];
}

export interface Sent {
  readonly id: number;
  readonly units: number;
  readonly startMs: number;
  /** The kernel had it; undefined until it has. */
  readonly wireMs: number | undefined;
  /** It arrived no later than this; undefined until its answer. */
  readonly arrivedMs: number | undefined;
}

export function beginPace(given: { periodMs: number; burst: number; tatMs: number; patienceMs: number }): Pace {
  return {
    periodMs: given.periodMs,
    burst: given.burst - keptBack(given.burst),
    mostBurst: given.burst,
    patienceMs: given.patienceMs,
    tatMs: given.tatMs,
    sent: [],
  };
}

/** Units of a burst that are never used: they pay for what is not seen in time. */
export const keptBack = (burst: number): number => Math.min(1, (burst - 1) / 2);

export const sendNow = (pace: Pace, request: { id: number; units: number; startMs: number }): Pace => ({
  ...pace,
  sent: [...settle(pace, request.startMs).sent, { ...request, wireMs: undefined, arrivedMs: undefined }],
  tatMs: settle(pace, request.startMs).tatMs,
});

export const hitWire = (pace: Pace, id: number, wireMs: number): Pace => ({
  ...pace,
  sent: pace.sent.map((each) => (each.id === id ? { ...each, wireMs } : each)),
});

/** `excessMs`: by how much its answer took longer than usual. */
export const gotAnswer = (pace: Pace, id: number, excessMs: number): Pace => ({
  ...pace,
  sent: pace.sent.map((each) => (each.id === id ? { ...each, arrivedMs: each.startMs + excessMs } : each)),
});

/** The latest moment at which a request may have arrived, as known now. */
export function arrivedBy(
  sent: Sent,
  at: { readonly nowMs: number; readonly usualMs: number; readonly patienceMs: number },
): number {
  const { nowMs, usualMs, patienceMs } = at;
  if (sent.arrivedMs !== undefined) return sent.arrivedMs;
  const overdueMs = nowMs - sent.startMs - usualMs;
  const handed = sent.wireMs ?? nowMs;
  return overdueMs > 0 && overdueMs < patienceMs ? Math.max(handed, sent.startMs + overdueMs) : handed;
}

/** GCRA over all that was sent: whatever came late moves what followed it. */
export function tatAt({ tatMs, sent, periodMs, patienceMs }: Pace, nowMs: number, usualMs: number): number {
  return sent.reduce(
    (tat, each) => Math.max(tat, arrivedBy(each, { nowMs, usualMs, patienceMs })) + each.units * periodMs,
    tatMs,
  );
}

/** The earliest moment for a request of `units`; later than now. Answers that come may change it either way. */
export function earliestMs(pace: Pace, units: number, at: { nowMs: number; usualMs: number }): number {
  const allowed = Math.min(Math.max(pace.burst, units), pace.mostBurst);
  return tatAt(pace, at.nowMs, at.usualMs) + (units - allowed) * pace.periodMs;
}

/** Windows alone have no time between two requests; answers that come within this are waited for. */
export const WITHOUT_RATE_MS = 20;

/** Until when an answer is worth waiting for before the turn goes on to another process; undefined: nothing to wait for. */
export function worthWaitingUntil(pace: Pace, at: { nowMs: number; usualMs: number }): number | undefined {
  const { usualMs } = at;
  if (usualMs >= (pace.periodMs || WITHOUT_RATE_MS)) return undefined;
  const open = pace.sent.filter(({ arrivedMs }) => arrivedMs === undefined);
  const until = Math.max(...open.map(({ startMs }) => startMs + usualMs + pace.patienceMs));
  return until > at.nowMs ? until : undefined;
}

/** Requests that were answered, in the order of sending, are settled for good. */
function settle(pace: Pace, nowMs: number): Pace {
  const open = pace.sent.findIndex(
    ({ arrivedMs, startMs }) => arrivedMs === undefined && nowMs - startMs < 20 * pace.patienceMs,
  );
  const done = open === -1 ? pace.sent : pace.sent.slice(0, open);
  return {
    ...pace,
    tatMs: tatAt({ ...pace, sent: done }, nowMs, 0),
    sent: pace.sent.slice(done.length),
  };
}
