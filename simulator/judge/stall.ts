import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the judge itself was: a stamp can be so much too late, so a run with a long stall proves nothing. */
export interface Stall {
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface StallWatch {
  read(): Stall;
  reset(): void;
  stop(): void;
}

const RESOLUTION_MS = 10;

export function watchStalls(): StallWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // What is measured includes the wait itself.
  const late = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 1000) / 1000) : 0;
  return {
    read: () => ({ p99Ms: late(delay.percentile(99)), maxMs: late(delay.max) }),
    reset: () => delay.reset(),
    stop: () => void delay.disable(),
  };
}
