import { reconcileLevels, type FindingCount, type ReconcileLevel, type ReconcileVerdict } from './reconcile.ts';

/** A reconciliation that has ended well. */
export interface EndedReconciliation {
  readonly id: string;
  readonly level: ReconcileLevel;
  /** Only a time was compared. */
  readonly windowed: boolean;
  /** Only records that were drawn were compared. */
  readonly sampled: boolean;
  readonly verdict: ReconcileVerdict;
  readonly reason: string | null;
  /** ISO. */
  readonly endedAt: string;
  readonly findings: readonly FindingCount[];
}

/**
 * What is known of a stream by its reconciliations: those whose place no later one has taken. A week that is clean says nothing of what a look at
 * all there is has found; such a look takes the place of all before it that were no deeper.
 */
export function standingOf(ended: readonly EndedReconciliation[]): readonly EndedReconciliation[] {
  return ended.filter((one) => !ended.some((later) => later.endedAt > one.endedAt && covers(later, one)));
}

const covers = (later: EndedReconciliation, one: EndedReconciliation): boolean =>
  depth(later) >= depth(one) &&
  ((!later.windowed && !later.sampled) || (later.windowed === one.windowed && later.sampled === one.sampled));

const depth = ({ level }: EndedReconciliation): number => reconcileLevels.indexOf(level);

/** Findings that are open, by kind. */
export function openKinds(standing: readonly EndedReconciliation[]): ReadonlyMap<FindingCount['kind'], number> {
  const open = new Map<FindingCount['kind'], number>();
  for (const { findings } of standing)
    for (const { kind, state, count } of findings)
      // What a week and a look at all there is have both found is counted where there are more of it.
      if (state === 'open') open.set(kind, Math.max(open.get(kind) ?? 0, count));
  return open;
}
