import type { Counts } from '../core/counts.ts';
import type { Kind, Outcome } from '../core/names.ts';
import type { StreamReport } from './stream-report.ts';

export interface SyncPartnerInput {
  readonly partner: string;
  /** Empty: all of the definition. */
  readonly streams: readonly string[];
  /** `2026-11-24`, or a range: see core/window.ts. */
  readonly window: string;
  readonly kind: Kind;
  readonly generation: number;
}

export interface RunReport {
  readonly runId: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly counts: Counts;
  readonly streams: readonly StreamReport[];
}

/** Started by its name: whoever starts it knows this much of it. */
export type SyncPartner = (input: SyncPartnerInput) => Promise<RunReport>;
