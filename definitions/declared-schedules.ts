import type { DeclaredSchedule } from '../core/schedule.ts';
import type { Compares } from './compare-times.ts';
import type { Partner } from './definition.ts';
import { DUPLICATES, type DuplicateSettings } from './duplicates.ts';
import { repairedByItself } from './reconcile.ts';
import { cronOf, type ScheduleTimes } from './schedule-times.ts';
import type { Schedule } from './schedules.ts';
import { TARGETS } from './targets.ts';

interface ScheduleIds {
  scheduleId(of: { readonly partner: string; readonly name: string }): string;
}
type Declared = DeclaredSchedule & { readonly id: string };

/** The schedules of a definition, as Temporal is told. */
export function declaredSchedules(names: ScheduleIds, partner: Partner): readonly Declared[] {
  return [
    ...Object.entries(partner.schedules).map(([name, schedule]) => ({
      ...placeOf(names, { partner: partner.name, name }),
      ...timesOf(schedule),
      covers: schedule.window,
      streams: schedule.streams,
    })),
    ...Object.entries(partner.reconcile).map(([name, entry]) => ({
      ...placeOf(names, { partner: partner.name, name }),
      ...timesOf(entry),
      kind: 'reconcile' as const,
      streams: [...new Set(entry.streams)],
      level: entry.level,
      lastMs: entry.last ?? null,
      sample: entry.sample ?? null,
      // In one order: the same kinds are the same repair.
      repair: repairedByItself.filter((kind) => entry.repair.includes(kind)),
    })),
  ];
}

/** The schedules of duplicates.yaml. */
export function declaredJoins(
  names: ScheduleIds,
  settings: ReadonlyMap<string, Pick<DuplicateSettings, 'join'>>,
): readonly Declared[] {
  return [...settings].flatMap(([name, { join }]) =>
    join === undefined
      ? []
      : [{ ...placeOf(names, { partner: DUPLICATES, name }), ...timesOf(join), kind: 'join' as const }],
  );
}

/** The schedules of targets.yaml. */
export const declaredCompares = (names: ScheduleIds, compares: Compares): readonly Declared[] =>
  [...compares].map(([name, times]) => ({
    ...placeOf(names, { partner: TARGETS, name }),
    ...timesOf(times),
    kind: 'compare' as const,
  }));

const placeOf = (names: ScheduleIds, of: { readonly partner: string; readonly name: string }) => ({
  id: names.scheduleId(of),
  ...of,
});

const timesOf = (schedule: ScheduleTimes & Pick<Schedule, 'overlap'>) => ({
  cron: cronOf(schedule),
  timeZone: schedule.timeZone,
  jitterMs: schedule.jitter,
  overlap: schedule.overlap,
  catchUpMs: schedule.catchUp,
  pauseOnFailure: schedule.pauseOnFailure,
  paused: schedule.paused,
  note: schedule.note ?? null,
});
