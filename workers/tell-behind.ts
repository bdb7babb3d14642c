import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import type { TargetsAccess } from '../activities/apply/targets-access.ts';
import { stillRunning } from '../client/governor.ts';
import { tellTarget } from '../client/tell-target.ts';
import { listPartners } from '../definitions/load.ts';
import { tablesOf } from '../definitions/named-targets.ts';
import type { ApplyTargetTimes, PlaceInTarget } from '../messages/apply-target.ts';
import type { Names } from '../messages/names.ts';
import { listTargetStates, targetPause } from '../store/target-states.ts';

export interface TellBehindDeps {
  readonly names: Names;
  readonly partnersDir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly targets: Pick<TargetsAccess, 'of'>;
  readonly pool: Pool;
  readonly client: Client;
  readonly times: Partial<ApplyTargetTimes>;
}

/**
 * Starts what brings the tables of a target up to the log where nobody does: whoever committed could not tell, or a workflow was
 * terminated. `everything`: also those that are said to be caught up, since the target itself may have been put back or deleted, and those
 * that wait for a person, who may have started the worker after mending it.
 */
export async function tellBehind(
  deps: TellBehindDeps,
  target: string,
  { everything }: { readonly everything: boolean },
): Promise<void> {
  const { names, pool, client, times } = deps;
  if ((await targetPause(pool, target)) !== undefined) return;
  const wanted = await placesOf(deps, target);
  if (wanted.length === 0) return;
  const lags = await listTargetStates(pool, { wanted });
  const behind = lags.filter((lag) => lag.lastEvent > 0 && (everything || lag.behind > 0));
  const ids = behind.map((place) => names.targetId(place));
  // One that runs believes what it saw last, too.
  const running = new Set(everything ? [] : await stillRunning(client, ids));
  const signal = everything ? 'goOn' : 'committed';
  for (const { partner, stream } of behind)
    if (!running.has(names.targetId({ target, partner, stream })))
      await tellTarget(client, { names, target, partner, stream, signal, times });
}

/** A definition that does not hold names no target; its syncs say why. */
async function placesOf({ partners, targets, partnersDir }: TellBehindDeps, target: string): Promise<PlaceInTarget[]> {
  const places: PlaceInTarget[] = [];
  for (const partner of await listPartners(partnersDir)) {
    const streams = await partners.streams(partner).catch(() => new Map<string, unknown>());
    for (const stream of [...streams.keys()].flatMap(tablesOf)) {
      const named: readonly string[] = await targets.of(partner, stream).catch(() => []);
      if (named.includes(target)) places.push({ target, partner, stream });
    }
  }
  return places;
}
