import type { Pool } from 'pg';
import type { Partner } from '../definitions/definition.ts';
import { isHistory, streamOf } from '../core/table-name.ts';
import { placesOf } from '../definitions/named-targets.ts';
import { listTargetPauses, listTargetStates, type TargetLag, type TargetPause } from '../store/target-states.ts';
import { describeLag, describeLeftOut, describeTargetPause } from './describe-target.ts';

/** How the streams of some partners stand in the targets that they name. */
export interface TargetLags {
  readonly lags: readonly TargetLag[];
  readonly pauses: readonly TargetPause[];
}

export async function readLags(pool: Pool, partners: Iterable<Partner>): Promise<TargetLags> {
  const wanted = placesOf(partners);
  if (wanted.length === 0) return { lags: [], pauses: [] };
  const [lags, pauses] = await Promise.all([listTargetStates(pool, { wanted }), listTargetPauses(pool)]);
  return { lags, pauses: pauses.filter(({ target }) => wanted.some((place) => place.target === target)) };
}

/** Those of a stream, for scripts. */
export const lagsOfStream = (
  { lags }: TargetLags,
  of: { readonly partner: string; readonly stream: string },
): object[] =>
  lags
    .filter(({ partner, stream }) => partner === of.partner && streamOf(stream) === of.stream)
    .map(({ partner: _partner, stream, ...lag }) => (isHistory(stream) ? { ...lag, history: true } : lag));

/** `acme.payments in lake: 200 of 1,200 events behind, for 45m; failed: …`. */
export function describeTargetLag(lag: TargetLag, nowMs: number): string {
  const leftOut = describeLeftOut(lag);
  return (
    `${lag.partner}.${lag.stream} in ${lag.target}: ${describeLag(lag, nowMs)}` +
    (lag.error === null ? '' : `; the last load failed: ${lag.error}`) +
    (leftOut === null ? '' : `; ${leftOut}`)
  );
}

/** What keeps targets from having everything: pauses, loads that fail, what is still to come, and events that are left out. */
export const describeTargetLags = ({ lags, pauses }: TargetLags, nowMs: number): readonly string[] => [
  ...lags
    .filter(({ behind, error, leftOut }) => behind > 0 || error !== null || leftOut !== null)
    .map((lag) => describeTargetLag(lag, nowMs)),
  ...pauses.map(
    (pause) =>
      `target ${pause.target}: ${describeTargetPause(pause)}; \`syncline targets resume ${pause.target}\` ends that`,
  ),
];
