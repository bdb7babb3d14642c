import { boundsOf, chunkMsOf, isDay, nextDay, shortTime, type BackfillPlan } from './backfill-plan.ts';
import { DAY } from './duration.ts';
import { startOfDay } from './zone.ts';

/** The labels of a backfill's windows in the order in which they are read: without gap or overlap, each one read as given. */
export function cutWindows(plan: BackfillPlan): readonly string[] {
  const windows = inDays(plan) ? cutDays(plan) : cutTimes(plan);
  return plan.order === 'newest' ? windows.toReversed() : windows;
}

const inDays = (plan: BackfillPlan): boolean => isDay(plan.from) && isDay(plan.to) && chunkMsOf(plan) % DAY === 0;

function cutDays(plan: BackfillPlan): string[] {
  const { from, to, zone } = plan;
  const days = chunkMsOf(plan) / DAY;
  const windows: string[] = [];
  for (let first = from; first <= to; first = nextDay(first, days)) {
    const next = nextDay(first, days);
    const last = next <= to ? nextDay(next, -1) : to;
    if (zone === null) windows.push(`${first}..${last}`);
    else {
      const [begin, end] = [startOfDay(first, zone), startOfDay(nextDay(last), zone)];
      // A day that a zone has left out, as Samoa did in 2011.
      if (begin < end) windows.push(`${shortTime(begin)}..${shortTime(end)}`);
    }
  }
  return windows;
}

function cutTimes(plan: BackfillPlan): string[] {
  const { from, to } = boundsOf(plan);
  const step = chunkMsOf(plan);
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => {
    const begin = from + i * step;
    return `${shortTime(begin)}..${shortTime(Math.min(begin + step, to))}`;
  });
}
