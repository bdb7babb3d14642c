import type { LineOf, LineWriter, PageLines, StagedRecord } from '../../core/staged.ts';

/** A record of a listing, and when it changed by its own word. */
export interface ListedRecord extends StagedRecord {
  /** As its column has it: what PostgreSQL reads as a time. */
  readonly changedAt: string | null;
}

const noPayload: PageLines = { payload: () => '', release: () => {} };

/** Takes of each record what is compared, and lets go of the rest. */
export function listingLines(): LineWriter {
  return {
    add({ ordinal, operation, key, version, hash, eventTime }: LineOf): ListedRecord {
      return { ordinal, operation, key, version, hash, line: 0, changedAt: eventTime };
    },
    finish: () => noPayload,
  };
}
