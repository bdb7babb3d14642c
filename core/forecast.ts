import { MINUTE } from './duration.ts';

/** What was used of a limit at a moment, in its units; all of one period, the oldest first. */
export interface UseSample {
  readonly atMs: number;
  readonly used: number;
}

/** An increment counts half as much when it is this old: a burst in the morning says little of the evening. */
const HALF_LIFE_MS = 5 * MINUTE;
const FORGOTTEN_MS = 30 * MINUTE;
/** Two samples are one increment, and one increment is no pace. */
const LEAST_SAMPLES = 3;

/** Units per ms as of late; undefined while too little is known. */
export function paceOf(samples: readonly UseSample[], nowMs: number): number | undefined {
  const recent = samples.filter(({ atMs }) => atMs > nowMs - FORGOTTEN_MS && atMs <= nowMs);
  if (recent.length < LEAST_SAMPLES) return undefined;
  let units = 0;
  let spanMs = 0;
  for (const [i, { atMs, used }] of recent.entries()) {
    const before = recent[i - 1];
    if (before === undefined) continue;
    const ageMs = nowMs - (atMs + before.atMs) / 2;
    const weight = 0.5 ** (ageMs / HALF_LIFE_MS);
    units += weight * (used - before.used);
    spanMs += weight * (atMs - before.atMs);
  }
  return spanMs > 0 ? Math.max(0, units / spanMs) : undefined;
}

/** When nothing will be left, epoch ms; undefined: not before the reset, or not at this pace. */
export function exhaustionOf(use: {
  readonly used: number;
  readonly cap: number;
  /** Units per ms. */
  readonly pace: number | undefined;
  readonly nowMs: number;
  /** Undefined: a rolling window, which has no reset; its pace is net of what leaves it. */
  readonly resetsAtMs: number | undefined;
}): number | undefined {
  const { used, cap, pace, nowMs, resetsAtMs } = use;
  if (used >= cap) return nowMs;
  if (pace === undefined || pace <= 0) return undefined;
  const atMs = nowMs + (cap - used) / pace;
  return Number.isFinite(atMs) && atMs < (resetsAtMs ?? nowMs + FARTHEST_MS) ? atMs : undefined;
}

/** A year: what is further away is no forecast. */
const FARTHEST_MS = 365 * 24 * 60 * MINUTE;
