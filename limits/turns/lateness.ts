/** The greatest lateness lately seen: a maximum that halves every 30 s. */
export interface Lateness {
  readonly maxMs: number;
  readonly atMs: number;
}

export const punctual: Lateness = { maxMs: 0, atMs: 0 };
const HALF_LIFE_MS = 30_000;

export const latenessAt = ({ maxMs, atMs }: Lateness, nowMs: number): number =>
  maxMs * 0.5 ** ((nowMs - atMs) / HALF_LIFE_MS);

export const wasLate = (before: Lateness, lateMs: number, nowMs: number): Lateness =>
  lateMs >= latenessAt(before, nowMs) ? { maxMs: lateMs, atMs: nowMs } : before;
