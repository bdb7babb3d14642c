import type { Micros } from '../micros.ts';
import type { Judge } from './judge.ts';

/**
 * A level that every request raises by its weight and time lowers evenly, `rate` per `perMs`, up to `capacity`. GCRA, a token
 * bucket (`capacity` is its burst) and a leaky bucket as meter are this same arithmetic. The level is kept in
 * request-microseconds, a whole number, so nothing is ever rounded.
 */
export function bucket(input: {
  readonly name: string;
  readonly capacity: number;
  readonly rate: number;
  readonly perMs: number;
}): Judge {
  const { name, capacity, rate } = input;
  const perUs = input.perMs * 1000;
  const full = capacity * perUs;
  let [level, levelAt] = [0, 0];
  // The product may be too large to be exact, but then it is far above any level.
  const levelNow = (nowUs: Micros): number => Math.max(0, level - (nowUs - levelAt) * rate);
  return {
    waitUs: (nowUs, weight) => Math.max(0, Math.ceil((levelNow(nowUs) + weight * perUs - full) / rate)),
    take(nowUs, weight) {
      // A refused request that counts cannot make a full bucket fuller.
      level = Math.min(full, levelNow(nowUs) + weight * perUs);
      levelAt = nowUs;
    },
    release: () => {},
    quota: (nowUs) => ({
      name,
      limit: capacity,
      remaining: Math.floor((full - levelNow(nowUs)) / perUs),
      windowMs: (capacity * input.perMs) / rate,
      resetMs: Math.ceil(levelNow(nowUs) / rate) / 1000,
    }),
  };
}
