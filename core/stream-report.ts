import type { Counts } from './counts.ts';
import type { Outcome } from './names.ts';

export interface StreamReport {
  readonly stream: string;
  readonly syncId: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly counts: Counts;
  readonly removed: number;
  /** Of the quarantined records: how many went through, or were dismissed, since. Not there: none. */
  readonly settled?: number;
  readonly pages: number;
  readonly requests: number;
}
