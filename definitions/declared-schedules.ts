import type { DeclaredSchedule } from '../core/schedule.ts';
import type { Partner } from './definition.ts';
import { cronOf } from './schedules.ts';

/** The schedules of a definition, as Temporal is told. */
export function declaredSchedules(
  names: { scheduleId(of: { readonly partner: string; readonly name: string }): string },
  partner: Partner,
): readonly (DeclaredSchedule & { readonly id: string })[] {
  return Object.entries(partner.schedules).map(([name, schedule]) => ({
    id: names.scheduleId({ partner: partner.name, name }),
    partner: partner.name,
    name,
    cron: cronOf(schedule),
    timeZone: schedule.timeZone,
    covers: schedule.window,
    streams: schedule.streams,
    jitterMs: schedule.jitter,
    overlap: schedule.overlap,
    catchUpMs: schedule.catchUp,
    pauseOnFailure: schedule.pauseOnFailure,
    paused: schedule.paused,
    note: schedule.note ?? null,
  }));
}
