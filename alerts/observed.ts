import type { ScheduleFacts, UnservedFacts } from '../core/alert-facts.ts';
import { DAY } from '../core/duration.ts';

/** A schedule as Temporal has it now, or as only the definition has it. */
export interface SeenSchedule {
  readonly partner: string;
  readonly name: string;
  readonly state: ScheduleFacts['state'];
  readonly declaredPaused: boolean;
  readonly note: string | null;
  /** Since it was made: times without a run, and those left out since a run was going. */
  readonly missed: number;
  readonly skipped: number;
}

/** What is kept of one from look to look: Temporal counts since it was made, and people want to know of the last day. */
export interface ObservedSchedule extends Omit<SeenSchedule, 'missed' | 'skipped'> {
  readonly since: string;
  readonly missed: Counted;
  readonly skipped: Counted;
}

interface Counted {
  readonly total: number;
  /** What came to the total within a day. */
  readonly lately: { readonly slots: number; readonly since: string } | null;
}

const idOf = ({ partner, name }: { readonly partner: string; readonly name: string }): string => `${partner}/${name}`;

export function observeSchedules(
  before: readonly ObservedSchedule[],
  seen: readonly SeenSchedule[],
  nowMs: number,
): readonly ObservedSchedule[] {
  const known = new Map(before.map((one) => [idOf(one), one]));
  const now = new Date(nowMs).toISOString();
  return seen.map((one) => {
    const last = known.get(idOf(one));
    return {
      ...one,
      since: last?.state === one.state ? last.since : now,
      missed: counted(last?.missed, one.missed, nowMs),
      skipped: counted(last?.skipped, one.skipped, nowMs),
    };
  });
}

/** What was counted before anybody looked was long ago, for all that is known. A schedule that was made anew counts from 0. */
function counted(before: Counted | undefined, total: number, nowMs: number): Counted {
  if (before === undefined) return { total, lately: null };
  const kept = before.lately !== null && nowMs - Date.parse(before.lately.since) < DAY ? before.lately : null;
  const more = total - before.total;
  if (more <= 0) return { total, lately: kept };
  return { total, lately: { slots: (kept?.slots ?? 0) + more, since: kept?.since ?? new Date(nowMs).toISOString() } };
}

export const scheduleFacts = (observed: readonly ObservedSchedule[]): readonly ScheduleFacts[] =>
  observed.map(({ missed, skipped, ...one }) => ({ ...one, missed: missed.lately, skipped: skipped.lately }));

/** Queues that are not served now, each since it was first seen so. */
export function observeUnserved(
  before: readonly UnservedFacts[],
  unserved: readonly Omit<UnservedFacts, 'since'>[],
  nowMs: number,
): readonly UnservedFacts[] {
  const known = new Map(before.map(({ queue, since }) => [queue, since]));
  return unserved.map((one) => ({ ...one, since: known.get(one.queue) ?? new Date(nowMs).toISOString() }));
}
