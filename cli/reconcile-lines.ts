import { readableVersion } from '../core/life-words.ts';
import { readableKey } from '../core/key-text.ts';
import { findingMeaning, type FindingState } from '../core/reconcile.ts';
import { exitCodes } from './exit.ts';
import type { Finding, Reconciliation } from '../store/reconcile/read-reconciliations.ts';

export const countOf = ({ findings }: Reconciliation, state: FindingState): number =>
  findings.reduce((sum, each) => sum + (each.state === state ? each.count : 0), 0);

export const summaryColumns = ['stream', 'level', 'compared', 'differ', 'explained', 'in flight', 'verdict'];

export const summaryOf = (of: Reconciliation): Record<string, string | number> => ({
  stream: of.stream,
  level: of.level,
  compared: of.seen ?? '',
  differ: countOf(of, 'open'),
  explained: countOf(of, 'explained'),
  'in flight': of.inFlight ?? '',
  verdict: of.verdict ?? of.state,
});

export function findingLines(of: Reconciliation): readonly string[] {
  return of.findings.map(({ kind, state, count }) => `  ${state} ${kind}: ${count} (${findingMeaning[kind]})`);
}

export const findingColumns = ['key', 'kind', 'state', 'theirs', 'ours', 'event', 'page', 'why'];

export const findingRow = ({ key, kind, state, why, theirVersion, ourVersion, event, gone, page }: Finding) => ({
  key: readableKey(key),
  kind,
  state,
  theirs: readableVersion(theirVersion ?? ''),
  ours: gone ? 'gone' : readableVersion(ourVersion ?? ''),
  event: event ?? '',
  page: page ?? '',
  why: why ?? '',
});

/** What a sample says of all. */
export function boundLines({ bound, storeTotal }: Reconciliation): readonly string[] {
  if (bound === null) return [];
  const { asked, wrong, share } = bound;
  const most = Math.ceil(share * (storeTotal ?? 0));
  return [
    `${wrong} of ${asked} records differ: with a confidence of 95 % at most ${(share * 100).toPrecision(3)} % of all do, which is ${most} of ${storeTotal ?? 0}.`,
  ];
}

/** What a person does next. */
export function whatToDo(of: Reconciliation): readonly string[] {
  const { id, partner, stream, state, verdict } = of;
  if (state === 'failed')
    return [`Go on from its last page: syncline reconcile ${partner} ${stream} --label ${labelOf(id)}`];
  if (verdict === 'differs')
    return [
      `Each finding: syncline reconcile show ${id} --state open`,
      `Mend what can be read again: syncline reconcile repair ${id}`,
      `The life of a key: syncline trace ${partner} ${stream} KEY`,
    ];
  if (verdict === 'unproven') return ['Nothing is proven. Once what stands in the way is mended, reconcile again.'];
  return [];
}

export const labelOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

export function exitCodeOf(all: readonly Reconciliation[]): number {
  if (all.some(({ state }) => state === 'failed')) return exitCodes.failed;
  if (all.some(({ state }) => state === 'running')) return exitCodes.deferred;
  return all.some(({ verdict }) => verdict !== 'clean') ? exitCodes.partial : exitCodes.ok;
}
