import { InvalidInput } from '../../core/errors.ts';
import type { Weights } from '../../core/match-weights.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import type { FindDuplicatesInput, PairsFound } from '../../messages/duplicates.ts';
import { numberClusters } from '../../store/duplicates/number-clusters.ts';
import { writePairs } from '../../store/duplicates/pairs.ts';
import { goesOnWith, type PlanToFollow } from '../../store/duplicates/plan-to-follow.ts';
import { beginPlan, notePlanReady, readPlan, type DuplicatePlan } from '../../store/duplicates/plans.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { DuplicatesDeps } from './duplicates-deps.ts';
import { streamsOf } from './streams-of.ts';

interface FindContext {
  /** The plan belongs to it: tried again, the same plan is made. */
  readonly workflowId: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Makes a plan: pairs that the rules find, scored and in clusters. Nothing changes by it. */
export async function findDuplicates(
  deps: DuplicatesDeps,
  { name, by, join }: FindDuplicatesInput,
  { workflowId, signal, progress }: FindContext,
): Promise<PairsFound> {
  const { pool } = deps;
  const follows = join ? await goesOnWith(pool, name) : undefined;
  const settings = (follows?.settings as DuplicateSettings | undefined) ?? (await settingsOf(deps, name));
  const streams = await streamsOf(deps, settings);
  const begun = await transaction(pool, (client) =>
    beginPlan(client, { name, workflowId, settings, follows: follows?.plan ?? null, by }),
  );
  if (begun.state === 'ready') return foundOf(await readPlan(pool, begun.plan));
  const found = await deps.findPairs({ pool, name, settings, streams, ...sinceOf(follows), signal, progress });
  try {
    let pairs = 0;
    for await (const some of found.pairs) {
      pairs += await writePairs(pool, { ...begun, name, first: pairs + 1, merge: settings.merge, pairs: some });
      progress(`${pairs} pairs`);
    }
    progress('clusters');
    await transaction(pool, async (client) => {
      const { clusters, largest, held } = await numberClusters(client, {
        plan: begun.plan,
        name,
        largest: settings.largest,
      });
      await notePlanReady(client, {
        ...begun,
        weights: found.weights,
        lookedAt: found.rows,
        counts: { ...found.counts, clusters, largest, held },
      });
    });
  } finally {
    await found.close();
  }
  return foundOf(await readPlan(pool, begun.plan));
}

async function settingsOf({ settings }: DuplicatesDeps, name: string): Promise<DuplicateSettings> {
  const all = await settings();
  const found = all.get(name);
  if (found !== undefined) return found;
  throw new InvalidInput(
    all.size === 0
      ? 'there is no duplicates.yaml beside the partners: docs/duplicates.md shows one'
      : `duplicates.yaml has no ${JSON.stringify(name)}: it has ${[...all.keys()].join(', ')}`,
  );
}

const sinceOf = (follows: PlanToFollow | undefined) =>
  follows === undefined ? {} : { weights: follows.weights as Weights, since: follows.since };

export const foundOf = ({ plan, pairs, merge, counts }: DuplicatePlan): PairsFound => ({
  plan,
  pairs,
  merge,
  review: pairs - merge,
  clusters: counts.clusters ?? 0,
  largest: counts.largest ?? 0,
});
