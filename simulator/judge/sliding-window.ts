import type { Micros } from '../micros.ts';
import type { Judge } from './judge.ts';

/** At most `limit` in any span of `perMs`, wherever it begins: a log of what was counted. */
export function slidingWindow(input: { readonly name: string; readonly limit: number; readonly perMs: number }): Judge {
  const { name, limit } = input;
  const perUs = input.perMs * 1000;
  let log: { readonly atUs: Micros; readonly weight: number }[] = [];
  let [first, used] = [0, 0];

  const dropFirst = (): void => {
    used -= log[first]?.weight ?? 0;
    first += 1;
  };
  function forget(nowUs: Micros): void {
    for (let entry = log[first]; entry !== undefined && entry.atUs <= nowUs - perUs; entry = log[first]) dropFirst();
    if (first < 1000) return;
    log = log.slice(first);
    first = 0;
  }

  return {
    waitUs(nowUs, weight) {
      forget(nowUs);
      let excess = used + weight - limit;
      let untilUs = nowUs;
      for (let at = first; excess > 0; at += 1) {
        const entry = log[at];
        if (entry === undefined) break;
        excess -= entry.weight;
        untilUs = entry.atUs + perUs;
      }
      return untilUs - nowUs;
    },
    take(nowUs, weight) {
      forget(nowUs);
      log.push({ atUs: nowUs, weight });
      used += weight;
      // Counted refusals pile up; what lies before a whole limit of newer ones can decide nothing any more.
      while (used - (log[first]?.weight ?? 0) >= limit && first < log.length - 1) dropFirst();
    },
    release: () => {},
    quota(nowUs) {
      forget(nowUs);
      const last = log.at(-1);
      return {
        name,
        limit,
        remaining: Math.max(0, limit - used),
        windowMs: input.perMs,
        resetMs: used === 0 || last === undefined ? 0 : (last.atUs + perUs - nowUs) / 1000,
      };
    },
  };
}
