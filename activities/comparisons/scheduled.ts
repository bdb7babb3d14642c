import { streamOf } from '../../core/table-name.ts';
import type { Partner } from '../../definitions/definition.ts';
import { listPartners } from '../../definitions/find.ts';
import { comparablePlaces } from '../../definitions/named-targets.ts';
import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { ComparedTable, CompareSince } from '../../messages/scheduled-compare.ts';
import { comparedSince } from '../../store/comparisons/compared-since.ts';
import { knownSince } from '../../store/alerts/facts.ts';
import type { ComparisonsDeps } from './comparisons-deps.ts';

/** The tables of a target that a slot compares: of streams that were read. A definition that does not load is told of by an alert. */
export async function planScheduledCompare(
  { pool, partnersDir, partners }: ComparisonsDeps,
  { target }: Pick<PlaceInTarget, 'target'>,
): Promise<readonly PlaceInTarget[]> {
  const read = await knownSince(pool);
  const defined: Partner[] = [];
  // One after the other: other work goes on between them.
  for (const name of await listPartners(partnersDir)) {
    const [first] = (await partners.streams(name).catch(() => undefined))?.values() ?? [];
    if (first !== undefined) defined.push(first.partner);
  }
  return comparablePlaces(defined).filter(
    (place) => place.target === target && read.has(`${place.partner} ${streamOf(place.stream)}`),
  );
}

/** null: none has ended well since. */
export const compareOutcome = (
  { pool }: Pick<ComparisonsDeps, 'pool'>,
  since: CompareSince,
): Promise<ComparedTable | null> => comparedSince(pool, since);
