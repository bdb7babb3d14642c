import type { Micros } from '../micros.ts';
import type { Judge } from './judge.ts';

/** `limit` requests per window. Windows begin at whole multiples of `perMs` since 1970, `phaseMs` later. */
export function fixedWindow(input: {
  readonly name: string;
  readonly limit: number;
  readonly perMs: number;
  readonly phaseMs: number;
}): Judge {
  const { name, limit } = input;
  const perUs = input.perMs * 1000;
  // Remainders of whole numbers are exact; a quotient of times so large need not be.
  const endOf = (nowUs: Micros): Micros => nowUs + perUs - ((((nowUs - input.phaseMs * 1000) % perUs) + perUs) % perUs);
  let [end, used] = [0, 0];
  const usedAt = (nowUs: Micros): number => (nowUs < end ? used : 0);
  return {
    waitUs: (nowUs, weight) => (usedAt(nowUs) + weight <= limit ? 0 : endOf(nowUs) - nowUs),
    take(nowUs, weight) {
      [end, used] = [endOf(nowUs), usedAt(nowUs) + weight];
    },
    release: () => {},
    quota: (nowUs) => ({
      name,
      limit,
      remaining: Math.max(0, limit - usedAt(nowUs)),
      windowMs: input.perMs,
      resetMs: (endOf(nowUs) - nowUs) / 1000,
    }),
  };
}
