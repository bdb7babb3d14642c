import { readableKey } from '../core/key-text.ts';
import { exitCodes } from './exit.ts';
import { differenceKinds, type RowDifference } from '../core/target-comparison.ts';
import type { Comparison } from '../store/comparisons/read-comparisons.ts';

export const comparisonColumns = ['comparison', 'table', 'store', 'target', 'differ', 'in flight', 'verdict'];

export const comparisonRow = (of: Comparison): Record<string, string | number> => ({
  comparison: of.id,
  table: `${of.target}: ${of.partner}.${of.stream}`,
  store: of.storeRows ?? '',
  target: of.targetRows ?? '',
  differ: differing(of),
  'in flight': of.inFlight,
  verdict: of.verdict ?? of.state,
});

export const differing = ({ missing, extra, different }: Comparison): number => missing + extra + different;

const meaning = {
  missing: 'the store has the row, the target has not',
  extra: 'only the target has the row',
  different: 'the rows say different things',
} as const;

export function comparisonLines(of: Comparison): string[] {
  const kinds = differenceKinds.filter((kind) => of[kind] > 0);
  return [
    ...(of.reason === null ? [] : [`${of.partner}.${of.stream}: ${of.reason}`]),
    ...kinds.map((kind) => `  ${kind}: ${of[kind].toLocaleString('en-US')} (${meaning[kind]})`),
  ];
}

export const differenceColumns = ['key', 'kind', 'event in the store', 'event in the target'];

export const differenceRow = ({ key, kind, storeEvent, targetEvent }: RowDifference) => ({
  key: key === null ? '' : readableKey(key),
  kind,
  'event in the store': storeEvent ?? '',
  'event in the target': targetEvent ?? '',
});

/** What a person does next. */
export function nextSteps(of: Comparison): readonly string[] {
  const { id, target, partner, stream, verdict } = of;
  if (verdict === 'differs')
    return [
      `Each row: syncline targets compared ${id}`,
      `Make the table anew from the log: syncline targets compare ${target} ${partner}.${stream} --heal`,
    ];
  if (verdict === 'unproven') return ['Nothing is proven. Once what stands in the way is mended, compare again.'];
  return [];
}

export function exitCodeOf(all: readonly Comparison[]): number {
  if (all.some(({ state }) => state === 'failed')) return exitCodes.failed;
  return all.every(({ verdict }) => verdict === 'clean') ? exitCodes.ok : exitCodes.partial;
}
