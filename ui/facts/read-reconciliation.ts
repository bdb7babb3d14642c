import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { findingKinds, findingStates, type FindingKind, type FindingState } from '../../core/reconcile.ts';
import {
  readFindings,
  readReconciliation,
  type Finding,
  type Reconciliation,
} from '../../store/reconcile/read-reconciliations.ts';
import { repairsOf, type PastRepair } from '../../store/reconcile/repairs.ts';
import { readDeeds, type NotedDeed } from '../../store/ui-audit.ts';

export interface ReconciliationFacts {
  readonly at: string;
  readonly of: Reconciliation;
  readonly repairs: readonly PastRepair[];
  /** Null: whoever asks may see no key. */
  readonly findings: ShownFindings | null;
  /** What whoever asks has just done; null: nothing. */
  readonly done: NotedDeed | null;
}

/** Which findings somebody wants to see. */
export interface AskedFindings {
  readonly kind: FindingKind | undefined;
  readonly state: FindingState | undefined;
  /** From 1 on. */
  readonly page: number;
}

export interface ShownFindings {
  readonly asked: AskedFindings;
  readonly found: readonly Finding[];
  /** On all pages. */
  readonly fit: number;
}

export const FINDINGS_EACH = 100;

export const askedFindings = (of: {
  readonly kind: string;
  readonly state: string;
  readonly page: number;
}): AskedFindings => ({
  kind: findingKinds.find((kind) => kind === of.kind),
  state: findingStates.find((state) => state === of.state),
  page: of.page,
});

/** Undefined: there is no such reconciliation. Keys are read only with `asked`, which is for people who may see them. */
export async function readReconciliationFacts(
  pool: Pool,
  { id, asked, done }: { readonly id: string; readonly asked: AskedFindings | null; readonly done: number | null },
): Promise<ReconciliationFacts | undefined> {
  try {
    const [of, repairs, findings, deeds] = await Promise.all([
      readReconciliation(pool, id),
      repairsOf(pool, id),
      asked === null ? null : findingsOf(pool, id, asked),
      done === null ? [] : readDeeds(pool, { id: done, limit: 1 }),
    ]);
    const fit = of.findings
      .filter(({ kind, state }) => (asked?.kind ?? kind) === kind && (asked?.state ?? state) === state)
      .reduce((sum, { count }) => sum + count, 0);
    return {
      at: new Date().toISOString(),
      of,
      repairs,
      findings: asked === null || findings === null ? null : { asked, found: findings, fit },
      done: deeds[0] ?? null,
    };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

const findingsOf = (pool: Pool, id: string, { kind, state, page }: AskedFindings): Promise<readonly Finding[]> =>
  readFindings(pool, {
    id,
    kind,
    ...(state === undefined ? {} : { states: [state] }),
    limit: FINDINGS_EACH,
    offset: (page - 1) * FINDINGS_EACH,
  });
