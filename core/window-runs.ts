import type { StreamIds } from './stream-ids.ts';
import type { Outcome } from './names.ts';

/** A run of one window, as the ledger has it. */
export interface WindowRun {
  readonly window: string;
  readonly syncId: string;
  /** The backfill or sync that began it. */
  readonly runId: string | null;
  readonly state: 'running' | 'done' | 'failed';
  readonly outcome: Outcome | null;
}

export interface BackfillOf {
  readonly partner: string;
  readonly stream: string;
  readonly runId: string;
  readonly generation: number;
}

/**
 * The id under which a window is still to be read; null: it is finished, whoever read it. What stopped on its way goes on
 * under its id. What was read to the end and is in doubt all the same is read anew. A forced backfill only counts its own.
 */
export function syncIdToRead(
  names: StreamIds,
  backfill: BackfillOf,
  window: string,
  runs: readonly WindowRun[],
): string | null {
  const counted = backfill.generation === 1 ? runs : runs.filter(({ runId }) => runId === backfill.runId);
  if (counted.some(isFinished)) return null;
  const begun = counted.findLast(({ state }) => state !== 'done');
  if (begun !== undefined) return begun.syncId;
  const generation = 1 + Math.max(0, ...runs.map(({ syncId }) => generationOf(syncId)));
  return names.streamSyncId({ ...backfill, window, generation });
}

const isFinished = ({ state, outcome }: WindowRun): boolean =>
  state === 'done' && (outcome === 'ok' || outcome === 'partial');

const generationOf = (syncId: string): number => Number(/\/g(\d+)$/.exec(syncId)?.[1] ?? 1);

export function byWindow(runs: readonly WindowRun[]): ReadonlyMap<string, readonly WindowRun[]> {
  const found = new Map<string, WindowRun[]>();
  for (const run of runs) found.set(run.window, [...(found.get(run.window) ?? []), run]);
  return found;
}
