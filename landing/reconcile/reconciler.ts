import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { closeReconciliation, type CloseReconciliation } from '../../store/reconcile/close-reconciliation.ts';
import { openReconciliation, type OpenReconciliation } from '../../store/reconcile/open-reconciliation.ts';
import { findReconciliation, type Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { hasRepaired, openRepair, type OpenRepair } from '../../store/reconcile/repairs.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import { atTarget } from '../../targets/postgres/at-target.ts';
import type { Warehouse } from '../warehouse.ts';
import { compareListing, type Compared } from './compare-listing.ts';
import { confirmFindings } from './confirm-findings.ts';
import { repairWarehouse } from './repair-warehouse.ts';
import { closeRepair, type CloseRepair, type Repaired } from './close-repair.ts';
import { drawKeys, keysToAsk, noteAskedKey, type AskedOf } from './asked-keys.ts';
import { readListing, wantsCounts } from './listing-row.ts';
import { listingWarehouse } from './listing-warehouse.ts';

export interface ComparedStream {
  readonly stream: CompiledStream;
  readonly reconciliation: string;
}

/** The port to what a reconciliation needs of the store. Every write can happen twice and lands once. */
export interface Reconciler {
  /** What grants of kind `reconcile` write to. */
  readonly listings: Warehouse;
  /** What grants of kind `repair` write to. */
  readonly repairs: Warehouse;
  /** undefined: there is none. */
  find(reconciliation: string): Promise<Reconciliation | undefined>;
  /** Whether a repair has ended well, by the id of the run that lands it. */
  hasRepaired(syncId: string): Promise<boolean>;
  openRepair(input: OpenRepair): Promise<void>;
  closeRepair(input: CloseRepair): Promise<Repaired>;
  /** Whether a listing only has to say how many records there are. */
  wantsCounts(syncId: string): Promise<boolean>;
  open(input: OpenReconciliation): Promise<void>;
  /** What is asked for one by one: `asked-keys.ts`. */
  draw(of: AskedOf): Promise<void>;
  keysToAsk(of: AskedOf, limit: number): Promise<readonly string[]>;
  noteAsked(of: AskedOf, asked: { readonly key: string; readonly refused: string | null }): Promise<void>;
  /** Whether a listing has been read to its end. */
  hasEnded(syncId: string): Promise<boolean>;
  /** Compares the first listing, once it has ended, and notes candidates. */
  compare(of: ComparedStream): Promise<Compared>;
  /** Settles the candidates by the second listing. */
  confirm(of: ComparedStream & { readonly synced: boolean }): Promise<void>;
  close(input: CloseReconciliation): Promise<Reconciliation>;
}

export function postgresReconciler(pool: Pool, warehouse: Warehouse): Reconciler {
  const onTarget = <T>(stream: CompiledStream, work: () => Promise<T>): Promise<T> =>
    whenAvailable(() => atTarget(pool, stream, work));
  return {
    listings: listingWarehouse(pool, warehouse),
    repairs: repairWarehouse(pool, warehouse),
    find: (id) => whenAvailable(() => findReconciliation(pool, id)),
    hasRepaired: (syncId) => whenAvailable(() => hasRepaired(pool, syncId)),
    openRepair: (input) => whenAvailable(() => openRepair(pool, input)),
    closeRepair: (input) => onTarget(input.stream, () => closeRepair(pool, input)),
    wantsCounts: (syncId) => whenAvailable(() => wantsCounts(pool, syncId)),
    open: (input) => whenAvailable(() => openReconciliation(pool, input)),
    draw: (of) => onTarget(of.stream, () => drawKeys(pool, of)),
    keysToAsk: (of, limit) => whenAvailable(() => keysToAsk(pool, of, limit)),
    noteAsked: (of, asked) => whenAvailable(() => noteAskedKey(pool, of, asked)),
    hasEnded: async (syncId) => (await whenAvailable(() => readListing(pool, syncId)))?.state === 'done',
    compare: (of) => onTarget(of.stream, () => compareListing(pool, of)),
    confirm: (of) => onTarget(of.stream, () => confirmFindings(pool, of)),
    close: (input) => whenAvailable(() => closeReconciliation(pool, input)),
  };
}
