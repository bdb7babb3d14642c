import type { FindingKind, ReconcileLevel } from '../core/reconcile.ts';
import type { GrantTimes } from './grant.ts';

export interface ReconcileInput {
  readonly partner: string;
  readonly stream: string;
  readonly level: ReconcileLevel;
  /** ISO times; null: all there is. */
  readonly range: { readonly from: string; readonly to: string } | null;
  /** So many records of the store, drawn at random, are asked for one by one; null: the partner is listed. */
  readonly sample: number | null;
}

export interface PlanReconcileInput extends ReconcileInput {
  /** Workflow id. */
  readonly reconciliation: string;
}

export interface ReconcilePlan {
  /** Workflow ids of the two listings. */
  readonly looks: readonly [string, string];
  /** How a listing names what it reads. */
  readonly window: string;
  /** The sync that lets what is on its way come in, before the second look. */
  readonly sync: { readonly window: string; readonly syncId: string };
  readonly times: GrantTimes;
}

export interface ComparedListing {
  readonly candidates: number;
  /** They are asked for one by one, instead of by a second listing. */
  readonly byKey: boolean;
  /** Whether what is on its way can only be told apart once the stream was synced. */
  readonly needsSync: boolean;
}

export interface ConfirmInput {
  readonly partner: string;
  readonly stream: string;
  readonly reconciliation: string;
  readonly synced: boolean;
}

export interface CloseReconcileInput {
  readonly reconciliation: string;
  readonly syncedBy: string | null;
  readonly broken: string | null;
  readonly doubts: readonly string[];
}

/** How a reconciliation ended: `reconcile show` has the rest. */
export interface ReconcileReport {
  readonly reconciliation: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly verdict: 'clean' | 'differs' | 'unproven' | null;
  readonly reason: string | null;
  readonly seen: number | null;
  readonly open: number;
  readonly explained: number;
  readonly unproven: number;
  readonly inFlight: number;
}

export type ReconcileStream = (input: ReconcileInput) => Promise<ReconcileReport>;

export interface RepairInput {
  readonly partner: string;
  readonly stream: string;
  readonly reconciliation: string;
  readonly kinds: readonly FindingKind[];
  /** Who gave the command. */
  readonly by: string;
}

export interface RepairPlan {
  /** Of the run that lands it. */
  readonly syncId: string;
  readonly window: string;
  readonly times: GrantTimes;
}

export interface CloseRepairInput {
  readonly partner: string;
  readonly stream: string;
  readonly syncId: string;
  readonly broken: string | null;
}

export interface RepairReport {
  readonly syncId: string;
  /** Findings of the kinds that were asked for: how many are repaired, and how many stay open. */
  readonly repaired: number;
  readonly left: number;
  readonly reason: string | null;
}

export type RepairStream = (input: RepairInput) => Promise<RepairReport>;

export interface AskKeysInput {
  readonly partner: string;
  readonly stream: string;
  readonly reconciliation: string;
  readonly look: number;
  /** Of the listing that what comes is. */
  readonly syncId: string;
  /** Grants in a row that were deferred. */
  readonly idle: number;
}

export type AskedKeys =
  | { readonly state: 'more' }
  | { readonly state: 'done' }
  /** ISO time, and why. */
  | { readonly state: 'later'; readonly until: string; readonly cause: string };
