import type { Target } from '../../targets/target.ts';

/** The warehouses that loads write to, as `targets.yaml` declares them, and the store's own database, which has histories. */
export interface TargetsAccess {
  /** Names of those that a stream's table is loaded into: `payments`, or `payments.history`. */
  readonly of: (partner: string, table: string) => Promise<readonly string[]>;
  /** Opens it, or returns the one that is open in this process. Throws InvalidInput when there is no such target. */
  readonly open: (target: string) => Promise<Target>;
  /** How often a table is loaded at most, ms, and how many events a load takes at most. */
  readonly loads: (target: string) => Promise<{ readonly everyMs: number; readonly rows: number }>;
}
