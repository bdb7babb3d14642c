import type { LimitsView } from '../../core/limits-view.ts';
import { listRuns, type RunSummary } from '../../store/inspect/inspect.ts';
import { glimpsesOf, type Glimpse } from '../../store/inspect/stream-history.ts';
import type { ShownDefinition } from './shown-of-definition.ts';
import { limitsOf } from './read-limits.ts';
import { readOverview, type Overview, type OverviewDeps } from './read-overview.ts';
import { readPauses } from '../../store/pauses.ts';
import type { PersonPause } from '../../core/person-pause.ts';

export interface PartnerFacts extends Overview {
  readonly partner: string;
  /** Undefined: it is not there any more, or does not load. */
  readonly definition: ShownDefinition | undefined;
  readonly limits: LimitsView | null;
  readonly runs: readonly RunSummary[];
  readonly glimpses: ReadonlyMap<string, readonly Glimpse[]>;
  /** The pause of the whole partner. */
  readonly pause: PersonPause | null;
}

const RUNS = 15;
const GLIMPSES = 14;

/** Undefined: nobody knows of such a partner. */
export async function readPartner(deps: OverviewDeps, partner: string): Promise<PartnerFacts | undefined> {
  const { pool, definitions } = deps;
  const definition = (await definitions()).partners.get(partner);
  const [overview, limits, runs, glimpses, pauses] = await Promise.all([
    readOverview(deps, { partner }),
    definition === undefined ? null : limitsOf(pool, [definition.partner]),
    listRuns(pool, { partner, limit: RUNS }),
    glimpsesOf(pool, { partner, each: GLIMPSES }),
    readPauses(pool, partner),
  ]);
  if (overview.streams.length === 0 && overview.troubles.length === 0) return undefined;
  return {
    ...overview,
    partner,
    definition,
    limits: limits?.get(partner) ?? null,
    runs,
    glimpses,
    pause: pauses.find(({ scope }) => scope === 'partner') ?? null,
  };
}
