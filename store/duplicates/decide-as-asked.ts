import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { decidePairs, type Decision } from './decide.ts';
import { readPlan } from './plans.ts';

export interface Decided {
  /** That were decided now. */
  readonly pairs: number;
  /** Of the whole plan. */
  readonly approved: number;
  readonly undecided: number;
}

/** Decides what a person asks for. To approve without a filter means all pairs from the threshold `merge` on; what is rejected has to be named. */
export async function decideAsAsked(pool: Pool, asked: Decision): Promise<Decided> {
  expectNamed(asked);
  const all = Object.keys(asked.filter).length === 0;
  const pairs = await decidePairs(pool, { ...asked, filter: all ? { found: 'merge' } : asked.filter });
  const { approved, undecided } = await readPlan(pool, asked.plan);
  return { pairs, approved, undecided };
}

/** Throws InvalidInput where it is not said which pairs are rejected. */
export function expectNamed({ filter, decision }: Pick<Decision, 'filter' | 'decision'>): void {
  if (decision === 'no' && Object.keys(filter).length === 0)
    throw new InvalidInput('reject needs to know which pairs: --pair, --cluster, --rule, --found, --from or --to');
}

export const decidedWords = ({ pairs, approved, undecided }: Decided, { decision, plan }: Decision): string =>
  `${pairs} pairs were ${decision === 'merge' ? 'approved' : 'rejected'}; ${approved} of plan ${plan} are approved, ${undecided} are undecided.`;
