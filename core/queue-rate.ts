import { MINUTE, SECOND } from './duration.ts';
import type { Wait } from './limits-view.ts';

/** Who set the rate of a task queue, by the reason that Temporal keeps with it. What is temporary carries its end. */

export const DEFINED = 'syncline: rate of the definition';
const PAUSED = /^syncline: paused until (\S+): (.*)$/s;
const TEMPORARY = /^syncline: .*?until (\S+?):? /s;

export const pausedReason = ({ until, cause }: Wait): string =>
  `syncline: paused until ${until}: ${cause.slice(0, 200)}`;

/** The speed climbs back by 5 % in 10 s: a minute later at the latest the governor has looked again. */
export const slowedReason = (factor: number, nowMs: number): string =>
  `syncline: ${Math.round(factor * 100)} % of the defined rate until ${new Date(nowMs + (1 - factor) * 200 * SECOND + 2 * MINUTE).toISOString()} after a throttled answer`;

/** Present: what the server has; no rate: unlimited. Grants per second. */
export interface QueueRate {
  readonly rate: number | undefined;
  readonly reason: string | undefined;
}

/** How long past its end a temporary rate may stay before whoever finds it puts it right. */
export const GRACE_MS = 5 * SECOND;

export const isOurs = ({ rate, reason }: QueueRate): boolean =>
  rate === undefined || (reason?.startsWith('syncline: ') ?? false);

/** The pause that we set, over or not. */
export function pauseIn({ rate, reason }: QueueRate): Wait | null {
  const [, until, cause] = (rate === 0 && PAUSED.exec(reason ?? '')) || [];
  return until === undefined || cause === undefined ? null : { until, cause };
}

/**
 * Whether to set the queue to what is wanted. A rate that a person has set, whatever it is, is left alone. The governor
 * owns the others; workers put right only what is not the governor's, or what it should have put right itself.
 */
export function shouldSet(
  present: QueueRate,
  wanted: QueueRate,
  who: { readonly as: 'governor' | 'worker'; readonly nowMs: number },
): boolean {
  if (!isOurs(present)) return false;
  const untilMs = Date.parse(TEMPORARY.exec(`${present.reason} `)?.[1] ?? '');
  const temporary = present.rate !== undefined && Number.isFinite(untilMs);
  if (who.as === 'worker' && temporary && who.nowMs <= untilMs + GRACE_MS) return false;
  if (!sameRate(present.rate, wanted.rate)) return true;
  return wanted.rate !== undefined && present.reason !== wanted.reason;
}

/** The server keeps 32-bit floats. */
const sameRate = (a: number | undefined, b: number | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Math.fround(a) === Math.fround(b);

/** What the queue's rate should be: none while nobody can send, else that of the requests, as every grant makes one at least. */
export function wantedRate(of: {
  /** Requests per second, declared or overridden; undefined: no limit. */
  readonly rate: number | undefined;
  readonly factor: number;
  readonly pause: Wait | undefined;
  readonly nowMs: number;
}): QueueRate {
  const { rate, factor, pause, nowMs } = of;
  if (pause !== undefined) return { rate: 0, reason: pausedReason(pause) };
  if (rate === undefined || factor >= 1) return { rate, reason: DEFINED };
  return { rate: rate * factor, reason: slowedReason(factor, nowMs) };
}
