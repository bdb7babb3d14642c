import type { Target } from '../../targets/target.ts';

/** The warehouses beside the store's own tables, as `targets.yaml` declares them. */
export interface TargetsAccess {
  /** Names of those that a stream is written to. */
  readonly of: (partner: string, stream: string) => Promise<readonly string[]>;
  /** Opens it, or returns the one that is open in this process. Throws InvalidInput when there is no such target. */
  readonly open: (target: string) => Promise<Target>;
  /** How often a table is loaded at most, ms, and how many events a load takes at most. */
  readonly loads: (target: string) => Promise<{ readonly everyMs: number; readonly rows: number }>;
}
