/** What the governor is told, and what a waiting stream is: names of signals. */
export const signals = {
  throttled: 'throttled',
  refresh: 'refresh',
  work: 'work',
  goOn: 'goOn',
  pauses: 'pauses',
} as const;

export const LIMITS_QUERY = 'limits';

/** What a search for duplicates is told while it waits. */
export const duplicateSignals = { approve: 'approve' } as const;

/** What a backfill is told, and asked. */
export const backfillSignals = { pause: 'pause', resume: 'resume' } as const;

export const PROGRESS_QUERY = 'progress';

/** What a stream's table in a target is told. */
export const targetSignals = { committed: 'committed', goOn: 'goOn' } as const;
