import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import type { ChangeDuplicatesInput, DuplicatesChanged } from '../../messages/duplicates.ts';
import { beginChange, changePiece, listChanges, plansWithFollowers } from '../../store/duplicates/changes.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import type { DuplicatesDeps } from './duplicates-deps.ts';
import { streamsOf } from './streams-of.ts';

/** Begins to apply or undo a plan. Returns the changes to make, one after the other. */
export async function beginDuplicates(
  { pool }: Pick<DuplicatesDeps, 'pool'>,
  { plan, action, scope, by, reason }: ChangeDuplicatesInput,
): Promise<readonly number[]> {
  // Rows that came later have joined by the same rules. Without the plan they would not be there; numbers of pairs and clusters are its own.
  const named = scope.pair !== undefined || scope.pairs !== undefined || scope.cluster !== undefined;
  const all = action === 'undo' && !named;
  const plans = all ? await plansWithFollowers(pool, plan) : [plan];
  const changes: number[] = [];
  for (const each of plans) changes.push(await beginChange(pool, { plan: each, action, scope, by, reason }));
  return changes;
}

/** Makes the changes, in pieces; killed and called again, it goes on. */
export async function changeDuplicates(
  deps: DuplicatesDeps,
  changes: readonly number[],
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
): Promise<DuplicatesChanged> {
  const done: DuplicatesChanged[] = [];
  for (const change of changes) {
    const [begun] = await listChanges(deps.pool, { change });
    if (begun === undefined) continue;
    if (begun.action === 'apply') await ensureViews(deps, begun.plan);
    while (await changePiece(deps.pool, change)) {
      signal.throwIfAborted();
      progress(`change ${change}`);
    }
    const [ended] = await listChanges(deps.pool, { change });
    done.push({ links: ended?.links ?? 0, held: ended?.held ?? 0, plans: [begun.plan] });
  }
  return {
    links: done.reduce((sum, { links }) => sum + links, 0),
    held: done.reduce((sum, { held }) => sum + held, 0),
    plans: done.flatMap(({ plans }) => plans),
  };
}

async function ensureViews(deps: DuplicatesDeps, plan: number): Promise<void> {
  const { name, settings: kept } = await readPlan(deps.pool, plan);
  // As the file says it now, where it still does: a later plan must not take back what survives.
  const settings = (await deps.settings()).get(name) ?? (kept as DuplicateSettings);
  const streams = await streamsOf(deps, settings);
  await deps.ensureViews({ name, settings, streams });
}
