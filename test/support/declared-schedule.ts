import type { SyncSchedule } from '../../core/schedule.ts';

/** Each night at half past three. */
export const declaredSchedule = (partner = 'acme'): SyncSchedule => ({
  partner,
  name: 'nightly',
  cron: ['30 3 * * *'],
  timeZone: 'UTC',
  covers: 'day',
  streams: [],
  jitterMs: 0,
  overlap: 'queue',
  catchUpMs: 60_000,
  pauseOnFailure: false,
  paused: false,
  note: null,
});
