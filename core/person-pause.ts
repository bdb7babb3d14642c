import type { StreamPlace } from './stream-place.ts';

export const pauseScopes = ['partner', 'run', 'stream'] as const;
export type PauseScope = (typeof pauseScopes)[number];

/** A pause that a person ordered: it lasts until a person ends it. */
export interface PersonPause {
  readonly scope: PauseScope;
  /** The partner's name, or the workflow id of the run or of the stream's run. */
  readonly target: string;
  readonly reason: string;
  readonly by: string;
  /** ISO. */
  readonly at: string;
  /** Breaks off the request under way; else the page it is at is still read and written. */
  readonly atOnce: boolean;
}

/** The pause that holds a stream's run: the widest, since ending a narrower one would change nothing. */
export function pauseOn(pauses: readonly PersonPause[], place: StreamPlace): PersonPause | undefined {
  const targets = { partner: place.partner, run: place.runId, stream: place.syncId };
  return pauseScopes
    .map((scope) => pauses.find((pause) => pause.scope === scope && pause.target === targets[scope]))
    .find((pause) => pause !== undefined);
}

/** `paused by ann since 2026-11-26 13:05 UTC (partner acme): their release`. */
export const describePause = ({ scope, target, by, at, reason }: PersonPause): string =>
  `paused by ${by} since ${at.slice(0, 16).replace('T', ' ')} UTC (${scope} ${target}): ${reason}`;

/** The command that ends it. */
export const resumeCommand = ({ scope, target }: PersonPause): string =>
  scope === 'partner' ? `syncline partners resume ${target} --reason …` : `syncline runs resume ${target}`;
