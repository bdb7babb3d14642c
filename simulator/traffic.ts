/** One request as it was seen by the partner. */
export interface Arrival {
  /** Epoch ms, by the simulator's clock. */
  readonly atMs: number;
  readonly method: string;
  /** Path and query; an API key in it is hidden. */
  readonly path: string;
  readonly stream: string;
  /** 0 while it is unanswered, and for ever if it was cut off. */
  readonly status: number;
  /** A fingerprint of the credential; `none` without one. */
  readonly key: string;
}

export interface Traffic {
  arrive(arrival: Omit<Arrival, 'status'>): Visit;
  arrivals(): readonly Arrival[];
  stats(): TrafficStats;
  reset(): void;
}

/** The open end of an arrival. */
export interface Visit {
  /** More requests than declared: refused by the limits. */
  violated(): void;
  answered(answer: {
    readonly status: number;
    readonly throttled: boolean;
    readonly records: number;
    readonly bytes: number;
  }): void;
  /** Nobody should come before this time. */
  askedToWait(untilMs: number): void;
  /** The answer is out or the connection gone. */
  left(): void;
}

export interface StreamStats {
  requests: number;
  ok: number;
  throttled: number;
  records: number;
  bytes: number;
}

export interface TrafficStats extends StreamStats {
  /** Requests that the declared limits refused. */
  readonly violations: number;
  /** Requests that came although an earlier answer had asked to wait longer. */
  readonly early: number;
  /** Most requests in any second, by time of arrival. */
  readonly maxPerSecond: number;
  readonly maxConcurrent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly streams: Readonly<Record<string, StreamStats>>;
}

const MAX_ARRIVALS = 500_000;

export function createTraffic(): Traffic {
  let state = fresh();
  return {
    arrive(arrival) {
      const mine = state;
      const entry = { ...arrival, status: 0 };
      if (mine.arrivals.length < MAX_ARRIVALS) mine.arrivals.push(entry);
      countArrival(mine, arrival.atMs);
      const per = (mine.streams[arrival.stream] ??= emptyStats());
      per.requests += 1;
      mine.total.requests += 1;
      return {
        violated: () => void (mine.violations += 1),
        askedToWait: (untilMs) => void (mine.waitUntilMs = Math.max(mine.waitUntilMs, untilMs)),
        left: () => void (mine.inFlight -= 1),
        answered(answer) {
          entry.status = answer.status;
          mine.byStatus[answer.status] = (mine.byStatus[answer.status] ?? 0) + 1;
          for (const stats of [per, mine.total]) {
            if (answer.throttled) stats.throttled += 1;
            else if (answer.status < 400) stats.ok += 1;
            stats.records += answer.records;
            stats.bytes += answer.bytes;
          }
        },
      };
    },
    arrivals: () => state.arrivals.map((arrival) => ({ ...arrival })),
    stats: () => ({
      ...state.total,
      violations: state.violations,
      early: state.early,
      maxPerSecond: state.maxPerSecond,
      maxConcurrent: state.maxConcurrent,
      byStatus: { ...state.byStatus },
      streams: structuredClone(state.streams),
    }),
    reset() {
      state = fresh();
    },
  };
}

const emptyStats = (): StreamStats => ({ requests: 0, ok: 0, throttled: 0, records: 0, bytes: 0 });

const fresh = () => ({
  arrivals: [] as Arrival[],
  total: emptyStats(),
  streams: {} as Record<string, StreamStats>,
  byStatus: {} as Record<string, number>,
  /** Arrival times of the last second; `tail` is the first that still counts. */
  recent: [] as number[],
  tail: 0,
  violations: 0,
  early: 0,
  waitUntilMs: 0,
  maxPerSecond: 0,
  inFlight: 0,
  maxConcurrent: 0,
});

function countArrival(state: ReturnType<typeof fresh>, atMs: number): void {
  if (atMs < state.waitUntilMs) state.early += 1;
  state.recent.push(atMs);
  while ((state.recent[state.tail] ?? atMs) <= atMs - 1000) state.tail += 1;
  if (state.tail > 10_000) {
    state.recent = state.recent.slice(state.tail);
    state.tail = 0;
  }
  state.maxPerSecond = Math.max(state.maxPerSecond, state.recent.length - state.tail);
  state.inFlight += 1;
  state.maxConcurrent = Math.max(state.maxConcurrent, state.inFlight);
}
