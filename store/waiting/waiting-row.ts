import type { Need } from '../../core/need.ts';
import type { Received } from '../../core/received.ts';

/** A record that waits, as its decision needs it. */
export interface WaitingRecord {
  /** Number of its `w` event. */
  readonly event: number;
  readonly received: Received;
  readonly needs: readonly Need[];
  readonly superseded: boolean;
}

interface Row {
  readonly event: string;
  readonly page: string;
  readonly ordinal: number;
  readonly needs: readonly Need[];
  readonly superseded: boolean;
}

export const waitingColumns = 'event, page, ordinal, needs, superseded_at is not null as superseded';

export const waitingOf = ({ event, page, ordinal, needs, superseded }: Row): WaitingRecord => ({
  event: Number(event),
  received: { page: Number(page), ordinal },
  needs,
  superseded,
});
