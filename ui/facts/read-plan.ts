import type { Pool } from 'pg';
import { fieldsFrom, type DuplicateSettings } from '../../definitions/duplicates.ts';
import { listChanges, type Change } from '../../store/duplicates/changes.ts';
import { readPairValues, type ReadRows } from '../../store/duplicates/pair-values.ts';
import { readPairs, type PairFilter, type PlannedPair } from '../../store/duplicates/pairs.ts';
import { countPairs, readCounted, type CountedPlan, type PairCounts } from '../../store/duplicates/plan-facts.ts';
import { readDeeds, type NotedDeed } from '../../store/ui-audit.ts';

export interface PlanFacts extends CountedPlan {
  readonly at: string;
  /** The newest first. */
  readonly changes: readonly Change[];
  /** Null: whoever asks may see no record. */
  readonly pairs: ShownPairs | null;
  /** What whoever asks has just done; null: nothing. */
  readonly done: NotedDeed | null;
}

/** Which pairs somebody wants to see. */
export interface AskedPairs {
  readonly filter: Pick<PairFilter, 'rule' | 'cluster' | 'pair' | 'found' | 'decision'>;
  /** The last pair of the page before. */
  readonly after: number | undefined;
}

export interface ShownPairs {
  readonly asked: AskedPairs;
  readonly pairs: readonly PlannedPair[];
  /** Null: this process may not read them. */
  readonly rows: ReadRows | null;
  readonly fields: readonly string[];
  /** How many pairs the filter has, on all pages. */
  readonly fit: number;
  /** The next page is after this pair; null: this is the last one. */
  readonly next: number | null;
}

export const PAIRS_EACH = 20;

/** Undefined: there is no such plan. Values of records are read only with `asked`, which is for people who may see them. */
export async function readPlanFacts(
  pool: Pool,
  of: { readonly plan: number; readonly asked: AskedPairs | null; readonly done: number | null },
): Promise<PlanFacts | undefined> {
  const { plan: number, asked, done } = of;
  const [found, changes, deeds] = await Promise.all([
    readCounted(pool, number),
    listChanges(pool, { plan: number }),
    done === null ? [] : readDeeds(pool, { id: done, limit: 1 }),
  ]);
  if (found === undefined) return undefined;
  const pairs = asked === null ? null : await readShown(pool, found, asked);
  return { at: new Date().toISOString(), ...found, changes, pairs, done: deeds[0] ?? null };
}

async function readShown(pool: Pool, { plan, counts }: CountedPlan, asked: AskedPairs): Promise<ShownPairs> {
  const { filter } = asked;
  const of = { plan: plan.plan };
  const [last] =
    asked.after === undefined ? [] : await readPairs(pool, { ...of, filter: { pair: asked.after }, limit: 1 });
  const [found, fit] = await Promise.all([
    readPairs(pool, { ...of, filter, limit: PAIRS_EACH + 1, ...(last === undefined ? {} : { after: last }) }),
    fitting(counts, filter) ?? countPairs(pool, { ...of, filter }),
  ]);
  const pairs = found.slice(0, PAIRS_EACH);
  const rows = await readPairValues(pool, { ...of, pairs }).catch((error: unknown) => {
    if (isDenied(error)) return null;
    throw error;
  });
  const next = found.length > PAIRS_EACH ? (pairs.at(-1)?.pair ?? null) : null;
  return { asked, pairs, rows, fields: fieldsFrom(plan.settings as DuplicateSettings), fit, next };
}

/** How many pairs a filter has, where the counts by rule say so already. */
function fitting(counts: readonly PairCounts[], filter: AskedPairs['filter']): number | undefined {
  if (filter.cluster !== undefined || filter.pair !== undefined) return undefined;
  return counts
    .filter(({ rule, found }) => (filter.rule ?? rule) === rule && (filter.found ?? found) === found)
    .reduce((sum, of) => sum + decided(of, filter.decision), 0);
}

function decided({ pairs, approved, rejected }: PairCounts, decision: PairFilter['decision']): number {
  if (decision === 'merge') return approved;
  if (decision === 'no') return rejected;
  return decision === 'none' ? pairs - approved - rejected : pairs;
}

/** SQLSTATE 42501: insufficient_privilege. */
const isDenied = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '42501';
