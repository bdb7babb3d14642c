import type { CallerLimits } from '../../../core/caller.ts';

const DAY_US = 86_400_000_000;

export type Judged = 'rate' | 'quota' | null;

/** What a caller may send, counted in whole microseconds of its rate: a bucket that fills with time, and units of a day of UTC. */
export function limiterModel(begin: CallerLimits, beginUs: number) {
  let limits = begin;
  let atUs = beginUs;
  /** Time that the bucket holds; below 0 after a request of more units than the burst. */
  let heldUs = Infinity;
  let used = 0;
  const unitUs = (): number => Math.round(1e6 / limits.rate);
  const fill = (nowUs: number): void => {
    heldUs = Math.min(limits.burst * unitUs(), heldUs + nowUs - atUs);
    if (Math.floor(nowUs / DAY_US) > Math.floor(atUs / DAY_US)) used = 0;
    atUs = nowUs;
  };
  return {
    take(nowUs: number, cost: number): { cause: Judged; remaining: number; used: number } {
      fill(nowUs);
      const needsUs = Math.min(cost, limits.burst) * unitUs();
      const cause = limits.daily !== null && used + cost > limits.daily ? 'quota' : heldUs < needsUs ? 'rate' : null;
      if (cause === null) {
        heldUs -= cost * unitUs();
        used += cost;
      }
      return { cause, remaining: Math.max(0, Math.floor(heldUs / unitUs())), used };
    },
    /** What was sent takes the time that it took by the limits before. */
    change(nowUs: number, next: CallerLimits): void {
      fill(nowUs);
      const missingUs = limits.burst * unitUs() - heldUs;
      limits = next;
      heldUs = limits.burst * unitUs() - missingUs;
    },
  };
}
