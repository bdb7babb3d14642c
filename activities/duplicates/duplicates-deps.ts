import type { Pool } from 'pg';
import type { FoundPair } from '../../core/duplicates.ts';
import type { MatchCounts, Weights } from '../../core/match-weights.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import type { Golden } from '../../landing/golden-view.ts';
import type { LookedAt } from '../../store/duplicates/plans.ts';
import type { Partners } from '../access.ts';

export interface FindPairsInput {
  readonly pool: Pool;
  readonly name: string;
  readonly settings: DuplicateSettings;
  /** By partner and stream: `crm.contacts`. */
  readonly streams: ReadonlyMap<string, CompiledStream>;
  /** Given: they are not estimated again. */
  readonly weights?: Weights | undefined;
  /** Only pairs of which at least one row came after this event of its stream. */
  readonly since?: ReadonlyMap<string, number> | undefined;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface PairsOf {
  readonly weights: Weights;
  readonly rows: Readonly<Record<string, LookedAt>>;
  readonly counts: MatchCounts;
  readonly pairs: AsyncIterable<readonly FoundPair[]>;
  close(): Promise<void>;
}

/** What finding duplicates, and applying and undoing plans of them, needs. */
export interface DuplicatesDeps {
  readonly pool: Pool;
  readonly partners: Pick<Partners, 'streams'>;
  /** As duplicates.yaml is now. */
  readonly settings: () => Promise<ReadonlyMap<string, DuplicateSettings>>;
  /** Makes the views of golden records as they should be. */
  readonly ensureViews: (golden: Golden) => Promise<void>;
  readonly findPairs: (input: FindPairsInput) => Promise<PairsOf>;
}
