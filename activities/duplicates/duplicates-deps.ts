import type { Pool } from 'pg';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import type { Golden } from '../../landing/golden-sql.ts';
import type { Found, FindInput } from '../../matching/find-pairs.ts';
import type { Partners } from '../access.ts';

/** What finding duplicates, and applying and undoing plans of them, needs. */
export interface DuplicatesDeps {
  readonly pool: Pool;
  readonly partners: Pick<Partners, 'streams'>;
  /** As duplicates.yaml is now. */
  readonly settings: () => Promise<ReadonlyMap<string, DuplicateSettings>>;
  /** Makes the views of golden records as they should be. */
  readonly ensureViews: (golden: Golden) => Promise<void>;
  /** With the memory, the threads and the folder that this process may take for it. */
  readonly findPairs: (input: Omit<FindInput, 'folder' | 'memoryLimit' | 'threads'>) => Promise<Found>;
}
