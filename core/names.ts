/**
 * Names that end up in Temporal histories and in the database. Each is written once, here; renaming one is a migration.
 */

/** Workflows, and the short activities that only touch our database: never rate-limited. */
export const WORKFLOW_QUEUE = 'syncline';

/** Activity-only: eager dispatch would bypass the queue's rate limit on a queue that workflows share. */
export const partnerQueue = (partner: string): string => `partner.${partner}`;

export const kinds = ['nightly', 'manual', 'backfill', 'replay'] as const;
export type Kind = (typeof kinds)[number];

export const lanes = ['critical', 'normal', 'backfill'] as const;
export type Lane = (typeof lanes)[number];

export const outcomes = ['ok', 'partial', 'deferred', 'suspect', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

/** Temporal's priority key: 1 goes first. */
export const lanePriority = { critical: 1, normal: 3, backfill: 5 } as const satisfies Record<Lane, number>;

export const searchAttributes = {
  SyncPartner: 'KEYWORD',
  SyncStream: 'KEYWORD',
  SyncKind: 'KEYWORD',
  SyncOutcome: 'KEYWORD',
} as const;

/** A global of the workflow sandbox, there when messages of failures are to be sealed. */
export const SEALS_FAILURES = '__synclineSealsFailures';

/** `sync/acme/2026-11-24`, or `sync/acme/2026-11-24/g2` for a forced second generation. */
export const partnerSyncId = (run: { partner: string; window: string; generation: number }): string =>
  `sync/${run.partner}/${run.window}${generationSuffix(run.generation)}`;

/** `sync/acme/payments/2026-11-24`. */
export const streamSyncId = (run: { partner: string; stream: string; window: string; generation: number }): string =>
  `sync/${run.partner}/${run.stream}/${run.window}${generationSuffix(run.generation)}`;

/** The partner that a sync id names. */
export const partnerOfId = (id: string): string => id.split('/')[1] ?? '';

/** `sync/acme/payments/2026-11-24/r2`, then `/r3`: the stream is read once more for the same run. */
export function nextReading(syncId: string): string {
  const [, base = syncId, number = '1'] = /^(.*)\/r(\d+)$/.exec(syncId) ?? [];
  return `${base}/r${Number(number) + 1}`;
}

/** `sync/acme/2026-11-24/retry:payments`: one stream of a run that has ended, once more. */
export const retryId = (runId: string, stream: string): string => `${runId}/retry:${stream}`;

/** `governor/acme`: one for each partner, started with its work. */
export const governorId = (partner: string): string => `governor/${partner}`;

/** What the governor is told, and what a waiting stream is: names of signals. */
export const signals = {
  throttled: 'throttled',
  refresh: 'refresh',
  work: 'work',
  goOn: 'goOn',
  pauses: 'pauses',
} as const;
export const LIMITS_QUERY = 'limits';

/** `backfill/acme/payments/2025-01-01..2025-12-31/1d`, with the zone where days are not those of UTC. */
export const backfillId = (run: {
  partner: string;
  stream: string;
  range: string;
  chunk: string;
  zone: string | null;
  generation: number;
}): string =>
  `backfill/${run.partner}/${run.stream}/${run.range}/${run.chunk}${run.zone === null ? '' : `/${run.zone}`}${generationSuffix(run.generation)}`;

/** `schedule/acme/nightly`, and the runs it starts: `scheduled/acme/nightly-2026-11-25T02:30:00Z` (Temporal adds the time). */
export const scheduleId = (of: { partner: string; name: string }): string => `${SCHEDULES}${of.partner}/${of.name}`;
export const scheduledRunId = (of: { partner: string; name: string }): string => `scheduled/${of.partner}/${of.name}`;
export const SCHEDULES = 'schedule/';

/** What a backfill is told, and asked. */
export const backfillSignals = { pause: 'pause', resume: 'resume' } as const;
export const PROGRESS_QUERY = 'progress';

const generationSuffix = (generation: number): string => (generation === 1 ? '' : `/g${generation}`);
