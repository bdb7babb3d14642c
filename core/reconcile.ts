/** How deeply records are compared: how many there are, which, in which version, with which content. */
export const reconcileLevels = ['counts', 'keys', 'versions', 'content'] as const;
export type ReconcileLevel = (typeof reconcileLevels)[number];

/**
 * How the store differs from the partner. `missing`: the partner has the record. `extra`: only the store has it. `stale`: the partner has a later version.
 * `different`: the same version with other content. `newer-in-store`: the partner has an earlier version.
 */
export const findingKinds = ['missing', 'extra', 'stale', 'different', 'newer-in-store'] as const;
export type FindingKind = (typeof findingKinds)[number];

/**
 * `candidate`: seen once. `open`: seen twice, and nothing explains it. `explained`: it was on its way, or is no fault. `unproven`: it could not be looked at
 * twice. `repaired`: the store has it as the partner has it now.
 */
export const findingStates = ['candidate', 'open', 'explained', 'unproven', 'repaired'] as const;
export type FindingState = (typeof findingStates)[number];

/** Kinds that a repair can mend, in one order: the same kinds are the same repair. Undefined: one of the names is no kind. */
export function kindsNamed(names: readonly string[]): readonly FindingKind[] | undefined {
  const kinds = findingKinds.filter((kind) => names.includes(kind));
  return kinds.length === new Set(names).size ? kinds : undefined;
}

export interface FindingCount {
  readonly kind: FindingKind;
  readonly state: FindingState;
  readonly count: number;
}

/** How many findings of these kinds are open. */
export const openOf = (findings: readonly FindingCount[], kinds: readonly FindingKind[] = findingKinds): number =>
  findings.reduce((sum, { kind, state, count }) => sum + (state === 'open' && kinds.includes(kind) ? count : 0), 0);

/** What a repair of these kinds does. */
export const repairWords = (kinds: readonly FindingKind[]): string =>
  [
    ...(kinds.some((kind) => kind !== 'extra')
      ? ['the partner is read again, and what differs lands as all records do']
      : []),
    ...(kinds.includes('extra')
      ? ['what only the store has is deleted, unless it is so much that a person is asked']
      : []),
  ].join('; ');

/** What each kind means. */
export const findingMeaning = {
  missing: 'the partner has it, the store has not',
  extra: 'only the store has it',
  stale: 'the partner has a later version',
  different: 'the same version with other content',
  'newer-in-store': 'the partner has an earlier version',
} as const satisfies Readonly<Record<FindingKind, string>>;

export type ReconcileVerdict = 'clean' | 'differs' | 'unproven';

/** What a reconciliation comes to: open findings say that something is wrong, and doubts only that nothing is proven. */
export function verdictOf(found: {
  readonly open: number;
  readonly unproven: number;
  readonly doubts: readonly string[];
}): ReconcileVerdict {
  if (found.open > 0) return 'differs';
  return found.unproven > 0 || found.doubts.length > 0 ? 'unproven' : 'clean';
}

/** A look of a reconciliation that has not ended. */
export interface OpenLook {
  readonly reconciliation: string;
  /** Workflow id of what lists the partner; where records are asked for one by one there is none of this id, and the reconciliation does that. */
  readonly syncId: string;
  readonly waits: boolean;
}
