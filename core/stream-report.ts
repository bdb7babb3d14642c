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
  /** Since when it counts no more, ISO: somebody has undone it. Its counts stay as evidence of what it did. Not there: it counts. */
  readonly undone?: string;
  readonly pages: number;
  readonly requests: number;
}
