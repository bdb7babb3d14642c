import type { Pool } from 'pg';
import { forgetComparisons } from './forget-comparisons.ts';
import { forgetFindings } from './forget-findings.ts';
import { forgetOldGathered } from './forget-old-gathered.ts';
import type { Forget, Forgetting, OfStream } from './forgetting.ts';

/** What is removed once it is old, also where no definition has `keep`: once a day, and by hand. */
const kinds = {
  /** Reconciliations whose findings go. */
  findings: forgetFindings,
  /** Comparisons of tables in targets. */
  comparisons: forgetComparisons,
  /** Failed reconciliations whose gathered answers go. */
  gathered: forgetOldGathered,
} as const satisfies Readonly<Record<string, Forget>>;

type Kind = keyof typeof kinds;
export type Forgotten = OfStream & Readonly<Record<Kind, number>>;
export const nothingForgotten = { findings: 0, comparisons: 0, gathered: 0 } satisfies Record<Kind, number>;

/** Returns how many of each kind went, or would go, of the streams of which any does. */
export async function forgetOld(pool: Pool, of: Forgetting): Promise<readonly Forgotten[]> {
  const streams = new Map<string, Forgotten>();
  for (const kind of Object.keys(kinds) as Kind[])
    for (const { partner, stream } of await kinds[kind](pool, of)) {
      const known = streams.get(`${partner}.${stream}`) ?? { partner, stream, ...nothingForgotten };
      streams.set(`${partner}.${stream}`, { ...known, [kind]: known[kind] + 1 });
    }
  return [...streams.values()];
}
