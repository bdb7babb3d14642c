/** Words that end up in Temporal histories and in the database. Each is written once, here; renaming one is a migration. */

export const kinds = ['nightly', 'manual', 'backfill', 'replay', 'fetch', 'reconcile', 'repair'] as const;
export type Kind = (typeof kinds)[number];

export const lanes = ['critical', 'normal', 'backfill'] as const;
export type Lane = (typeof lanes)[number];

export const outcomes = ['ok', 'partial', 'deferred', 'suspect', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];
