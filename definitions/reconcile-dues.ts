import { DAY } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import { comparableStreams } from './comparable-streams.ts';
import type { CompiledStream } from './compiled.ts';
import { longestDistance } from './longest-distance.ts';
import type { ReconcileEntry } from './reconcile.ts';

export interface ReconcileDue {
  readonly schedule: string;
  readonly stream: string;
  /** How long ago the last one may have ended, ms. */
  readonly withinMs: number;
}

/** A reconciliation has spare quota only. */
const SLACK_MS = DAY;

/** How often each stream of a partner is to be reconciled, by the schedules of its definition that are not paused. */
export function reconcileDues(streams: ReadonlyMap<string, CompiledStream>, nowMs: number): readonly ReconcileDue[] {
  const [first] = streams.values();
  return Object.entries(first?.partner.reconcile ?? {}).flatMap(([schedule, entry]) => {
    if (entry.paused) return [];
    const withinMs = longestDistance(entry, nowMs) + SLACK_MS;
    return comparedBy(entry, streams).map((stream) => ({ schedule, stream, withinMs }));
  });
}

function comparedBy(entry: ReconcileEntry, all: ReadonlyMap<string, CompiledStream>): readonly string[] {
  if (entry.streams.length > 0) return entry.streams;
  const { level, last, sample } = entry;
  try {
    return comparableStreams('', all, { level, range: last === undefined ? null : {}, sample: sample ?? null }).map(
      ({ name }) => name,
    );
  } catch (error) {
    if (error instanceof InvalidInput) return [];
    throw error;
  }
}
