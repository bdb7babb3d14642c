import type { Pool } from 'pg';
import type { Partners } from '../access.ts';

/** What comparisons by a schedule need. */
export interface ComparisonsDeps {
  readonly pool: Pool;
  readonly partnersDir: string;
  readonly partners: Pick<Partners, 'streams'>;
}
