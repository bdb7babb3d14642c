import type { Pool } from 'pg';
import type { Config } from '../config/config.ts';
import { changedFields, type ChangedField } from '../core/duplicate-drift.ts';
import { InvalidInput } from '../core/errors.ts';
import type { Weights } from '../core/match-weights.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { weighPairs, type LostPair } from '../matching/weigh-pairs.ts';
import { linksInForce, plansInForce, type PlanInForce } from '../store/duplicates/links-in-force.ts';
import { readPairs, type PlannedPair } from '../store/duplicates/pairs.ts';

/** A pair in force that its plan would not find today. */
export interface DriftedPair {
  readonly plan: number;
  readonly pair: PlannedPair;
  /** Probability by the score now; null: no field is weighed. */
  readonly now: number | null;
  readonly changed: readonly ChangedField[];
}

export interface Drift {
  /** Pairs in force that were looked at. */
  readonly looked: number;
  /** By plan: numbers of the pairs that drifted. */
  readonly drifted: ReadonlyMap<number, readonly number[]>;
  /** The first of them. */
  readonly examples: readonly DriftedPair[];
  /** Pairs that their exact rule does not hold any more, but another one or the score does. */
  readonly heldOtherwise: number;
  /** Pairs with a row that is gone. */
  readonly gone: number;
}

export interface DriftInput {
  readonly pool: Pool;
  readonly config: Pick<Config, 'duplicates'>;
  readonly name: string;
  readonly streams: ReadonlyMap<string, CompiledStream>;
  /** So many examples. */
  readonly limit: number;
}

/** Weighs all pairs in force anew, each by the rules and weights of its own plan, of rows as they are now. Nothing changes. */
export async function findDrift(input: DriftInput): Promise<Drift> {
  const found = {
    looked: 0,
    drifted: new Map<number, number[]>(),
    examples: [] as DriftedPair[],
    heldOtherwise: 0,
    gone: 0,
  };
  for (const plan of await plansInForce(input.pool, input.name)) {
    const settings = plan.settings as DuplicateSettings;
    expectColumns(plan, settings, input.streams);
    const weighed = await weighPairs({
      ...{ pool: input.pool, name: input.name, settings, streams: input.streams, ...input.config.duplicates },
      weights: plan.weights as Weights,
      pairs: linksInForce(input.pool, plan.plans),
    });
    try {
      found.looked += weighed.pairs;
      for await (const lost of weighed.lost())
        for (const pair of await driftedOf(input.pool, lost)) {
          if (pair === 'held') found.heldOtherwise += 1;
          else {
            const numbers = found.drifted.get(pair.plan);
            if (numbers === undefined) found.drifted.set(pair.plan, [pair.pair.pair]);
            else numbers.push(pair.pair.pair);
            if (found.examples.length < input.limit) found.examples.push(pair);
          }
        }
      for await (const gone of weighed.gone()) found.gone += gone.length;
    } finally {
      await weighed.close();
    }
  }
  return found;
}

/** Those of which a field says something else than then; that a value has become common is no edit. */
async function driftedOf(pool: Pool, lost: readonly LostPair[]): Promise<readonly (DriftedPair | 'held')[]> {
  const before = new Map<string, PlannedPair>();
  for (const plan of new Set(lost.map((each) => each.plan))) {
    const pairs = lost.flatMap((each) => (each.plan === plan ? [each.pair] : []));
    for (const pair of await readPairs(pool, { plan, filter: { pairs }, limit: pairs.length }))
      before.set(`${plan} ${pair.pair}`, pair);
  }
  return lost.flatMap(
    ({ plan, pair: number, probability: now, levels, held, apart }): readonly (DriftedPair | 'held')[] => {
      const pair = before.get(`${plan} ${number}`);
      if (pair?.applied !== true) return [];
      if (held) return ['held'];
      const changed = changedFields({ before: pair.levels, now: levels, apart: apart[pair.rule] ?? [] });
      return changed.length === 0 ? [] : [{ plan, pair, now, changed }];
    },
  );
}

/** A plan compares what its settings named when it was made. */
function expectColumns(
  { plan }: PlanInForce,
  { from }: DuplicateSettings,
  streams: ReadonlyMap<string, CompiledStream>,
): void {
  for (const { stream, fields } of from)
    for (const column of Object.values(fields))
      if (streams.get(stream)?.columns.some(({ name }) => name === column) !== true)
        throw new InvalidInput(
          `plan ${plan} compares ${column} of ${stream}, which is no longer there: make a new plan, and undo this one (\`syncline duplicates undo ${plan} --reason …\`)`,
        );
}
