import type { AlertFacts, CompareDueFacts, CompareFacts, ScheduleFacts } from '../../core/alert-facts.ts';
import { streamOf } from '../../core/table-name.ts';
import { compareDues } from '../../definitions/compare-dues.ts';
import { loadCompares } from '../../definitions/load-compares.ts';
import { comparablePlaces } from '../../definitions/named-targets.ts';
import { TARGETS } from '../../definitions/targets.ts';
import { CANCELLED } from '../../messages/cancelled.ts';
import { knownSince } from '../../store/alerts/facts.ts';
import type { ComparedPlace } from '../../store/comparisons/open-comparison.ts';
import { readStandingTables, type StandingTable } from '../../store/comparisons/read-standing.ts';
import type { AlertsDeps } from './alerts-deps.ts';
import type { ReadDefinitions } from './read-definitions.ts';

const at = ({ target, partner, stream }: ComparedPlace): string => `${target} ${partner} ${stream}`;

/** What comparisons say of tables that definitions still have; of a broken definition nobody knows what it has. */
export async function compareFacts(
  { pool }: Pick<AlertsDeps, 'pool'>,
  { partners, broken }: ReadDefinitions,
): Promise<readonly CompareFacts[]> {
  const wanted = new Set(comparablePlaces(partners).map(at));
  const unknown = new Set(broken.map(({ partner }) => partner));
  return (await readStandingTables(pool))
    .filter((one) => wanted.has(at(one)) || unknown.has(one.partner))
    .map(({ target, partner, stream, proven, failed }) => ({
      ...{ target, partner, stream },
      differs:
        proven?.differs === true ? { comparison: proven.comparison, counts: proven.counts, since: proven.since } : null,
      // What a person has cancelled is no fault.
      failed: failed?.reason === CANCELLED ? null : failed,
    }));
}

/** Of schedules that Temporal has, and that nobody has paused: each table of streams that were read. */
export async function compareDueFacts(
  { pool, partnersDir: dir, env, now }: AlertsDeps,
  { definitions, schedules }: { readonly definitions: ReadDefinitions; readonly schedules: readonly ScheduleFacts[] },
): Promise<AlertFacts['compareDues']> {
  const within = compareDues(await loadCompares({ dir, env }), now());
  if (within.size === 0) return [];
  const [read, standing] = [
    await knownSince(pool),
    new Map((await readStandingTables(pool)).map((one) => [at(one), one])),
  ];
  return comparablePlaces(definitions.partners).flatMap((place): CompareDueFacts[] => {
    const withinMs = within.get(place.target);
    const schedule = schedules.find(({ partner, name }) => partner === TARGETS && name === place.target);
    const readSince = read.get(`${place.partner} ${streamOf(place.stream)}`);
    if (withinMs === undefined || schedule?.state !== 'ok' || readSince === undefined) return [];
    return [{ ...place, withinMs, ...stands(standing.get(at(place))), knownSince: later(schedule.since, readSince) }];
  });
}

const stands = (of: StandingTable | undefined): Pick<CompareDueFacts, 'lastAt' | 'doubt' | 'runningSince'> => ({
  lastAt: of?.proven?.endedAt ?? null,
  doubt: of?.doubt ?? null,
  runningSince: of?.runningSince ?? null,
});

const later = (one: string, other: string): string => (one > other ? one : other);
